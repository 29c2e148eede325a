-- The keys that are there are found without offering new ones, by a plan made once: most writing is about somebody
-- who has a key already.

DO $$ BEGIN EXECUTE format('SET LOCAL ROLE %I', current_database() || '_keys'); END $$;

-- The keys of those of the holders that have one; `wrapped` is null when it is destroyed.
CREATE FUNCTION keys.held(
    organisations text[], persons uuid[], classes text[], cases text[]
) RETURNS TABLE (place bigint, key uuid, wrapping text, wrapped bytea)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- as for log.append(): no planning for every array, and no plan for a table that is small only at first
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT given.place, held.key, held.wrapping, held.wrapped
        FROM unnest(organisations, persons, classes, cases)
            WITH ORDINALITY AS given (organisation, person, class, case_name, place)
        JOIN keys.person_keys AS held
            ON (held.organisation, held.person, held.retention_class, held.case_name)
                = (given.organisation, given.person, given.class, given.case_name);
END
$$;

ALTER FUNCTION keys.obtain(text[], uuid[], text[], text[], uuid[], bytea[], text, timestamptz)
    SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION keys.obtain(text[], uuid[], text[], text[], uuid[], bytea[], text, timestamptz)
    SET enable_seqscan = off;

DO $$
BEGIN
    EXECUTE format(
        'GRANT EXECUTE ON FUNCTION keys.held(text[], uuid[], text[], text[]) TO %I', current_database() || '_service'
    );
END $$;
