-- The portal makes schemas of its own for its views, and temporary tables to show a moment of the past.

DO $$ BEGIN
    EXECUTE format(
        'GRANT CREATE, TEMPORARY ON DATABASE %I TO %I', current_database(), current_database() || '_service'
    );
END $$;
