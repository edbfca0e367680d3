-- Two statements, one of them with a semicolon in a string.
UPDATE posts SET title = 'a;b' WHERE title = '';
DELETE FROM posts WHERE slug IS NULL;
