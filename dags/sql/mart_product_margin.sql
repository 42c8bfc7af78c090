DELETE FROM mart_product_margin;

INSERT INTO mart_product_margin (sku, product_name, category, sold, margin_eur, margin_share)
SELECT
  s.sku,
  p.product_name,
  p.category,
  sum(s.quantity),
  round(sum(s.revenue_eur - s.cost_eur), 2),
  round(sum(s.revenue_eur - s.cost_eur) / nullif(sum(s.revenue_eur), 0), 3)
FROM fct_sales AS s
JOIN dim_product AS p ON p.sku = s.sku
GROUP BY s.sku, p.product_name, p.category;
