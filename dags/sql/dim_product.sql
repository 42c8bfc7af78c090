DELETE FROM dim_product;

INSERT INTO dim_product (sku, product_name, category, unit_cost)
SELECT upper(trim(sku)), name, lower(category), unit_cost
FROM raw_products;
