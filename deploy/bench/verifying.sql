-- name: copy
-- Gives the auditor a copy of logs as the service has them. $1 service, $2 organisations
INSERT INTO audit.copies (service, organisation, sequence, body)
SELECT $1, organisation, sequence, body FROM log.events WHERE organisation = ANY ($2::text[]);

-- name: size
-- How many events the auditor's copy of a log has. $1 service, $2 organisation
SELECT max(sequence) FROM audit.copies WHERE service = $1 AND organisation = $2;
