DELETE FROM mart_customer_value;

INSERT INTO mart_customer_value (customer_id, customer_name, city, orders, revenue_eur, last_order_on)
SELECT c.customer_id, c.customer_name, c.city, count(*), round(sum(s.revenue_eur), 2), max(s.sold_on)
FROM fct_sales AS s
JOIN dim_customer AS c ON c.customer_id = s.customer_id
GROUP BY c.customer_id, c.customer_name, c.city;
