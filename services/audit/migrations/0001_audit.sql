-- The auditor's copy of every log, the tree over each, and the checkpoints signed over the trees.

CREATE TABLE audit.copies (
    service text COLLATE "C" NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    body text COLLATE "C" NOT NULL,
    CONSTRAINT one_copy_per_number PRIMARY KEY (service, organisation, sequence)
);

CREATE TABLE audit.trees (
    service text COLLATE "C" NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    -- the hashes of the complete subtrees, the largest first: one of 32 bytes for each bit set in size
    peaks bytea NOT NULL,
    CONSTRAINT one_tree_per_log PRIMARY KEY (service, organisation),
    CONSTRAINT one_peak_per_bit CHECK (octet_length(peaks) = 32 * bit_count(size::bit(64)))
) WITH (fillfactor = 20);

-- The roots of complete subtrees of 256 leaves: a proof reads these and at most 255 bodies beside each.
CREATE TABLE audit.blocks (
    service text COLLATE "C" NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    root bytea NOT NULL,
    CONSTRAINT one_root_per_block PRIMARY KEY (service, organisation, number),
    CONSTRAINT roots_of_blocks_are_hashes CHECK (octet_length(root) = 32)
);

CREATE TABLE audit.checkpoints (
    service text COLLATE "C" NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    -- the signed note; witnesses' lines are added to it
    note text NOT NULL,
    signed_at timestamptz NOT NULL,
    CONSTRAINT one_checkpoint_per_size PRIMARY KEY (service, organisation, size),
    CONSTRAINT roots_are_hashes CHECK (octet_length(root) = 32)
);

-- What this process, as a witness of other operators' logs, has cosigned: the largest of each.
CREATE TABLE audit.witnessed (
    origin text COLLATE "C" PRIMARY KEY,
    size bigint NOT NULL,
    root bytea NOT NULL,
    note text NOT NULL
);

CREATE TRIGGER copies_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.copies
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
CREATE TRIGGER blocks_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.blocks
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
CREATE TRIGGER checkpoints_stay BEFORE DELETE OR TRUNCATE ON audit.checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
CREATE TRIGGER trees_stay BEFORE DELETE OR TRUNCATE ON audit.trees
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
CREATE TRIGGER trees_only_grow BEFORE UPDATE ON audit.trees
    FOR EACH ROW WHEN (NEW.size <= OLD.size) EXECUTE FUNCTION log.refuse_change();
CREATE TRIGGER checkpoints_keep_their_roots BEFORE UPDATE ON audit.checkpoints
    FOR EACH ROW WHEN ((NEW.service, NEW.organisation, NEW.size, NEW.root) <> (OLD.service, OLD.organisation, OLD.size, OLD.root))
    EXECUTE FUNCTION log.refuse_change();
CREATE TRIGGER witnessed_only_grows BEFORE UPDATE ON audit.witnessed
    FOR EACH ROW WHEN (NEW.size < OLD.size OR NEW.origin <> OLD.origin OR (NEW.size = OLD.size AND NEW.root <> OLD.root))
    EXECUTE FUNCTION log.refuse_change();
-- ALWAYS: also under session_replication_role = replica
ALTER TABLE audit.copies ENABLE ALWAYS TRIGGER copies_are_immutable;
ALTER TABLE audit.blocks ENABLE ALWAYS TRIGGER blocks_are_immutable;
ALTER TABLE audit.checkpoints ENABLE ALWAYS TRIGGER checkpoints_stay;
ALTER TABLE audit.checkpoints ENABLE ALWAYS TRIGGER checkpoints_keep_their_roots;
ALTER TABLE audit.trees ENABLE ALWAYS TRIGGER trees_stay;
ALTER TABLE audit.trees ENABLE ALWAYS TRIGGER trees_only_grow;
ALTER TABLE audit.witnessed ENABLE ALWAYS TRIGGER witnessed_only_grows;

DO $$
DECLARE
    service text := current_database() || '_service';
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON audit.copies, audit.blocks TO %I', service);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON audit.trees, audit.checkpoints, audit.witnessed TO %I', service);
END
$$;
