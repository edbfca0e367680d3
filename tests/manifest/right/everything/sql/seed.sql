-- Run as it stands.
INSERT INTO users (email) SELECT 'x;y' WHERE NOT EXISTS (SELECT 1 FROM users WHERE email = 'x;y');
