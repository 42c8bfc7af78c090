select 1 as id, 'de' as country, 10 as amount
union all select 1, 'fr', 20
