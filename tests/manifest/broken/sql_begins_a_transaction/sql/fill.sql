-- Fill the slugs.
UPDATE posts SET slug = title;
SAVEPOINT a;
