SELECT 1 AS id, :region AS region
