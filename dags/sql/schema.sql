-- The shop's warehouse. It is deployed before the DAGs run, as any warehouse is.
-- WAL lets the reports be read while the next day is loaded.
PRAGMA journal_mode = WAL;

-- As it came in.
CREATE TABLE IF NOT EXISTS raw_orders (
  order_id TEXT, channel TEXT, ordered_at TEXT, customer_id INTEGER,
  sku TEXT, quantity INTEGER, unit_price REAL, currency TEXT
);
CREATE TABLE IF NOT EXISTS raw_products (
  sku TEXT, name TEXT, category TEXT, unit_cost REAL
);
CREATE TABLE IF NOT EXISTS raw_customers (
  customer_id INTEGER, name TEXT, email TEXT, city TEXT, joined_on TEXT
);
CREATE TABLE IF NOT EXISTS raw_rates (
  rated_on TEXT, currency TEXT, eur REAL
);
CREATE TABLE IF NOT EXISTS raw_shipments (
  shipment_id TEXT, order_id TEXT, sent_on TEXT, promised_on TEXT, delivered_on TEXT
);

-- Cleaned.
CREATE TABLE IF NOT EXISTS stg_orders (
  order_id TEXT, ordered_on TEXT, channel TEXT, customer_id INTEGER,
  sku TEXT, quantity INTEGER, unit_price REAL, currency TEXT
);
CREATE TABLE IF NOT EXISTS rejected_orders (
  order_id TEXT, ordered_on TEXT, channel TEXT, reason TEXT
);

-- What the shop talks about.
CREATE TABLE IF NOT EXISTS dim_product (
  sku TEXT, product_name TEXT, category TEXT, unit_cost REAL
);
CREATE TABLE IF NOT EXISTS dim_customer (
  customer_id INTEGER, customer_name TEXT, email_domain TEXT, city TEXT, joined_on TEXT
);
CREATE TABLE IF NOT EXISTS dim_rate (
  rated_on TEXT, currency TEXT, eur REAL
);
CREATE TABLE IF NOT EXISTS fct_sales (
  order_id TEXT, sold_on TEXT, channel TEXT, customer_id INTEGER,
  sku TEXT, quantity INTEGER, revenue_eur REAL, cost_eur REAL
);
CREATE TABLE IF NOT EXISTS fct_deliveries (
  shipment_id TEXT, order_id TEXT, channel TEXT, sent_on TEXT, delivered_on TEXT, days_late INTEGER
);

-- Answers to questions.
CREATE TABLE IF NOT EXISTS mart_daily_sales (
  sold_on TEXT, channel TEXT, orders INTEGER, revenue_eur REAL, margin_eur REAL
);
CREATE TABLE IF NOT EXISTS mart_product_margin (
  sku TEXT, product_name TEXT, category TEXT, sold INTEGER, margin_eur REAL, margin_share REAL
);
CREATE TABLE IF NOT EXISTS mart_customer_value (
  customer_id INTEGER, customer_name TEXT, city TEXT, orders INTEGER, revenue_eur REAL, last_order_on TEXT
);
CREATE TABLE IF NOT EXISTS mart_late_deliveries (
  channel TEXT, shipments INTEGER, late INTEGER, worst_days INTEGER
);
