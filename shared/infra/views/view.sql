-- name: use
-- Sets the search path.
-- $1 the path, $2 whether it ends with the transaction
SELECT set_config('search_path', $1, $2);

-- name: make_watermarks
-- Makes the view's own watermarks.
CREATE TABLE watermarks (LIKE kit.watermarks INCLUDING ALL);
