-- The keys of persons: in a schema of their own, which only these functions open, for a role nobody logs in as.
-- Every key is wrapped by a key-encryption key that lies outside the database.

DO $$ BEGIN EXECUTE format('SET LOCAL ROLE %I', current_database() || '_keys'); END $$;

CREATE TABLE keys.wrapping (
    -- the name of a key-encryption key, and since when it wraps new keys
    name text COLLATE "C" PRIMARY KEY,
    first_used_at timestamptz NOT NULL
);

CREATE TABLE keys.person_keys (
    key uuid PRIMARY KEY,
    organisation text COLLATE "C" NOT NULL,
    person uuid NOT NULL,
    retention_class text COLLATE "C" NOT NULL,
    case_name text COLLATE "C" NOT NULL,
    wrapping text COLLATE "C" NOT NULL REFERENCES keys.wrapping,
    -- null once destroyed: the row stays, so that nothing is sealed for this case again
    wrapped bytea,
    made_at timestamptz NOT NULL,
    destroyed_at timestamptz,
    CONSTRAINT one_key_per_person_organisation_class_and_case
        UNIQUE (organisation, person, retention_class, case_name),
    CONSTRAINT retention_classes_are_closed CHECK (
        retention_class IN ('application', 'reference', 'check', 'partnership', 'money', 'correspondence')
    ),
    CONSTRAINT destroyed_keys_are_gone CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE INDEX person_keys_to_rewrap ON keys.person_keys (wrapping) WHERE wrapped IS NOT NULL;

CREATE TABLE keys.known_persons (
    organisation text COLLATE "C" NOT NULL,
    -- a keyed hash of normalised values; the key of the hash lies outside the database
    hash bytea NOT NULL,
    person uuid NOT NULL,
    CONSTRAINT known_once PRIMARY KEY (organisation, hash, person)
);
CREATE INDEX known_persons_by_person ON keys.known_persons (organisation, person);

-- The key of each holder, made from the candidate offered where there is none yet; `wrapped` is null when destroyed.
-- New keys are inserted in the order of their holders, so that two transactions wait for each other in one direction.
CREATE FUNCTION keys.obtain(
    organisations text[], persons uuid[], classes text[], cases text[],
    candidates uuid[], wrapped_candidates bytea[], wrapping_name text, at timestamptz
) RETURNS TABLE (place bigint, key uuid, wrapping text, wrapped bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF EXISTS (
        SELECT FROM unnest(organisations, persons, classes, cases) AS given (organisation, person, class, case_name)
        WHERE NOT EXISTS (
            SELECT FROM keys.person_keys AS held
            WHERE (held.organisation, held.person, held.retention_class, held.case_name)
                = (given.organisation, given.person, given.class, given.case_name)
        )
    ) THEN
        INSERT INTO keys.wrapping (name, first_used_at) VALUES (wrapping_name, at) ON CONFLICT DO NOTHING;
        INSERT INTO keys.person_keys
            (key, organisation, person, retention_class, case_name, wrapping, wrapped, made_at)
        SELECT given.candidate, given.organisation, given.person, given.class, given.case_name,
            wrapping_name, given.wrapped, at
        FROM unnest(organisations, persons, classes, cases, candidates, wrapped_candidates)
            AS given (organisation, person, class, case_name, candidate, wrapped)
        ORDER BY given.organisation COLLATE "C", given.person, given.class COLLATE "C", given.case_name COLLATE "C"
        ON CONFLICT ON CONSTRAINT one_key_per_person_organisation_class_and_case DO NOTHING;
    END IF;
    RETURN QUERY
        SELECT given.place, held.key, held.wrapping, held.wrapped
        FROM unnest(organisations, persons, classes, cases)
            WITH ORDINALITY AS given (organisation, person, class, case_name, place)
        JOIN keys.person_keys AS held
            ON (held.organisation, held.person, held.retention_class, held.case_name)
                = (given.organisation, given.person, given.class, given.case_name);
END
$$;

-- The keys of one organisation among those asked for; `wrapped` is null when destroyed.
CREATE FUNCTION keys.find(of_organisation text, asked uuid[]) RETURNS TABLE (
    key uuid, organisation text, person uuid, retention_class text, case_name text, wrapping text, wrapped bytea
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT held.key, held.organisation, held.person, held.retention_class, held.case_name, held.wrapping, held.wrapped
    FROM keys.person_keys AS held
    WHERE held.organisation = of_organisation AND held.key = ANY (asked)
$$;

-- The keys of a person that are not destroyed, without their bytes, and since when their wrapping key is in use.
CREATE FUNCTION keys.of_person(of_organisation text, of_person uuid) RETURNS TABLE (
    key uuid, retention_class text, case_name text, made_at timestamptz, wrapping_used_from timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT held.key, held.retention_class, held.case_name, held.made_at, wrapping.first_used_at
    FROM keys.person_keys AS held JOIN keys.wrapping AS wrapping ON wrapping.name = held.wrapping
    WHERE held.organisation = of_organisation AND held.person = of_person AND held.wrapped IS NOT NULL
    ORDER BY held.retention_class, held.case_name
$$;

-- Destroys keys of one organisation; answers those that were still there.
CREATE FUNCTION keys.destroy(of_organisation text, condemned uuid[], at timestamptz) RETURNS SETOF uuid
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE keys.person_keys AS held SET wrapped = NULL, destroyed_at = at
    WHERE held.organisation = of_organisation AND held.key = ANY (condemned) AND held.wrapped IS NOT NULL
    RETURNING held.key
$$;

-- Some keys that are wrapped by another key-encryption key than the newest.
CREATE FUNCTION keys.to_rewrap(newest text, at_most integer) RETURNS TABLE (
    key uuid, organisation text, person uuid, retention_class text, case_name text, wrapping text, wrapped bytea
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT held.key, held.organisation, held.person, held.retention_class, held.case_name, held.wrapping, held.wrapped
    FROM keys.person_keys AS held
    WHERE held.wrapping <> newest AND held.wrapped IS NOT NULL
    ORDER BY held.key LIMIT at_most
$$;

-- Puts the same keys in a new wrapping; one destroyed or wrapped again meanwhile is left alone. Answers how many.
CREATE FUNCTION keys.rewrap(
    rewrapped uuid[], before text[], wrapped_anew bytea[], newest text, at timestamptz
) RETURNS bigint LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO keys.wrapping (name, first_used_at) VALUES (newest, at) ON CONFLICT DO NOTHING;
    WITH changed AS (
        UPDATE keys.person_keys AS held SET wrapping = newest, wrapped = given.wrapped
        FROM unnest(rewrapped, before, wrapped_anew) AS given (key, wrapping, wrapped)
        WHERE held.key = given.key AND held.wrapping = given.wrapping AND held.wrapped IS NOT NULL
        RETURNING held.key
    )
    SELECT count(*) FROM changed
$$;

-- Which key-encryption keys there are in use, since when, and how many keys each wraps.
CREATE FUNCTION keys.wrappings() RETURNS TABLE (name text, first_used_at timestamptz, keys bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT wrapping.name, wrapping.first_used_at, count(held.key)
    FROM keys.wrapping AS wrapping
    LEFT JOIN keys.person_keys AS held ON held.wrapping = wrapping.name AND held.wrapped IS NOT NULL
    GROUP BY wrapping.name ORDER BY wrapping.first_used_at, wrapping.name
$$;

-- Remembers under keyed hashes that an organisation knows this person.
CREATE FUNCTION keys.remember(of_organisation text, of_person uuid, hashes bytea[]) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO keys.known_persons (organisation, hash, person)
    SELECT of_organisation, given.hash, of_person FROM unnest(hashes) AS given (hash)
    ORDER BY given.hash ON CONFLICT DO NOTHING
$$;

-- The persons an organisation knows under any of these hashes.
CREATE FUNCTION keys.recall(of_organisation text, hashes bytea[]) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT known.person FROM keys.known_persons AS known
    WHERE known.organisation = of_organisation AND known.hash = ANY (hashes)
    ORDER BY known.person
$$;

-- Forgets the hashes of a person.
CREATE FUNCTION keys.forget(of_organisation text, of_person uuid) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM keys.known_persons AS known
    WHERE known.organisation = of_organisation AND known.person = of_person
$$;

DO $$ BEGIN
    EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA keys TO %I', current_database() || '_service');
END $$;
