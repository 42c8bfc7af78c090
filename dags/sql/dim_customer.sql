DELETE FROM dim_customer;

-- The warehouse needs to know where people are reached, not how: only the domain is kept.
INSERT INTO dim_customer (customer_id, customer_name, email_domain, city, joined_on)
SELECT customer_id, name, substr(email, instr(email, '@') + 1), city, joined_on
FROM raw_customers;
