-- name: published
-- organisation and the last number confirmed on the bus, of every log.
SELECT organisation, sequence FROM kit.published;
