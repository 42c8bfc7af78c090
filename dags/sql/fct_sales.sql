DELETE FROM fct_sales;

INSERT INTO fct_sales (order_id, sold_on, channel, customer_id, sku, quantity, revenue_eur, cost_eur)
WITH priced AS (
  SELECT
    o.order_id,
    o.ordered_on,
    o.channel,
    o.customer_id,
    o.sku,
    o.quantity,
    o.quantity * o.unit_price * coalesce(r.eur, 1.0) AS revenue
  FROM stg_orders AS o
  LEFT JOIN dim_rate AS r ON r.currency = o.currency AND r.rated_on = o.ordered_on
)
SELECT
  priced.order_id,
  priced.ordered_on,
  priced.channel,
  priced.customer_id,
  priced.sku,
  priced.quantity,
  round(priced.revenue, 2),
  round(priced.quantity * p.unit_cost, 2)
FROM priced
JOIN dim_product AS p ON p.sku = priced.sku;
