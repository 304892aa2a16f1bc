-- Fills Identity for `scripts/bench identity`: users :from .. :to - 1 of 100,000, and with the last of them everything else. Run with sqlite3
-- on the database file of a controller that is stopped, whose API made the user "seed"; everybody has its password.
--
-- 10 domains, each with 1,000 projects (a tree: project i lies below project i / 10), 10,000 users, 100 groups of 100 members.
-- 500,000 assignments: 400,000 of users on projects, 50,000 of groups on projects, 40,000 inherited from projects, 9,970 of users on domains,
-- 10 of groups inherited from domains, 20 of users on the system. Roles are reader and member by turns.
PRAGMA synchronous = OFF;
PRAGMA cache_size = -200000;
BEGIN;

-- Ids as scattered as random ones are: the product of a number below 2^20 and Knuth's constant, modulo 2^32.
CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY, id TEXT NOT NULL);
WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < 99999)
INSERT INTO numbers SELECT n, printf('%08x%024x', (n * 2654435761) % 4294967296, n) FROM counted;

INSERT OR IGNORE INTO identity_projects (id, domain_id, parent_id, is_domain, name, description, enabled, tags, options, extra, tokens_valid_from)
SELECT 'd' || substr(id, 2), '', NULL, 1, 'domain-' || n, '', 1, '', '{}', '{}', 0 FROM numbers WHERE n < 10;

INSERT INTO identity_users (id, domain_id, name, enabled, options, extra, password_hash, password_created_at, created_at, tokens_valid_from)
SELECT u.id, 'd' || substr(d.id, 2), 'user-' || u.n, 1, '{}', printf('{"email":"user-%d@example.org","description":"number %d"}', u.n, u.n),
    seed.password_hash, seed.password_created_at, seed.created_at, 0
FROM numbers u JOIN numbers d ON d.n = u.n / 10000, identity_users seed WHERE seed.name = 'seed' AND u.n >= :from AND u.n < :to;

-- The rest refers to all users.
CREATE TEMP TABLE everybody AS SELECT n, id FROM numbers WHERE :to = 100000;
CREATE TEMP TABLE roles AS
SELECT CASE name WHEN 'reader' THEN 0 ELSE 1 END AS n, id FROM identity_roles WHERE domain_id = '' AND name IN ('reader', 'member');

INSERT INTO identity_projects (id, domain_id, parent_id, is_domain, name, description, enabled, tags, options, extra, tokens_valid_from)
SELECT 'c' || substr(p.id, 2), 'd' || substr(d.id, 2),
    CASE WHEN p.n % 1000 < 10 THEN 'd' || substr(d.id, 2)
        ELSE (SELECT 'c' || substr(above.id, 2) FROM numbers above WHERE above.n = (p.n / 1000) * 1000 + (p.n % 1000) / 10) END,
    0, 'project-' || p.n, 'number ' || p.n, 1, '', '{}', '{}', 0
FROM everybody p JOIN numbers d ON d.n = p.n / 1000 WHERE p.n < 10000;

INSERT INTO identity_groups (id, domain_id, name, description, extra)
SELECT 'b' || substr(g.id, 2), 'd' || substr(d.id, 2), 'group-' || g.n, '', '{}' FROM everybody g JOIN numbers d ON d.n = g.n / 100 WHERE g.n < 1000;
INSERT INTO identity_memberships (group_id, user_id)
SELECT 'b' || substr(g.id, 2), u.id FROM everybody u JOIN numbers g ON g.n = u.n / 100;

-- Each user in 4 projects of its domain, each group in 50.
INSERT INTO identity_assignments (actor_kind, actor_id, target_kind, target_id, role_id, inherited)
SELECT 'user', u.id, 'project', 'c' || substr(p.id, 2), r.id, 0
FROM everybody u, (SELECT 0 AS k UNION SELECT 1 UNION SELECT 2 UNION SELECT 3) few
    JOIN numbers p ON p.n = (u.n / 10000) * 1000 + (u.n * 7 + few.k * 250) % 1000 JOIN roles r ON r.n = (u.n + few.k) % 2;
INSERT INTO identity_assignments (actor_kind, actor_id, target_kind, target_id, role_id, inherited)
SELECT 'group', 'b' || substr(g.id, 2), 'project', 'c' || substr(p.id, 2), r.id, 0
FROM everybody g JOIN numbers few ON few.n < 50 JOIN numbers p ON p.n = (g.n / 100) * 1000 + (g.n * 37 + few.n * 20) % 1000 JOIN roles r ON r.n = g.n % 2
WHERE g.n < 1000;
INSERT INTO identity_assignments (actor_kind, actor_id, target_kind, target_id, role_id, inherited)
SELECT 'user', u.id, 'project', 'c' || substr(p.id, 2), r.id, 1
FROM everybody u JOIN numbers p ON p.n = (u.n / 10000) * 1000 + (u.n * 11 + 5) % 1000 JOIN roles r ON r.n = u.n % 2 WHERE u.n % 5 < 2;
INSERT INTO identity_assignments (actor_kind, actor_id, target_kind, target_id, role_id, inherited)
SELECT 'user', u.id, 'domain', 'd' || substr(d.id, 2), r.id, 0
FROM everybody u JOIN numbers d ON d.n = u.n / 10000 JOIN roles r ON r.n = u.n % 2 WHERE u.n < 99700 AND u.n % 10 = 3;
INSERT INTO identity_assignments (actor_kind, actor_id, target_kind, target_id, role_id, inherited)
SELECT 'group', 'b' || substr(g.id, 2), 'domain', 'd' || substr(d.id, 2), r.id, 1
FROM everybody g JOIN numbers d ON d.n = g.n / 100 JOIN roles r ON r.n = 0 WHERE g.n < 1000 AND g.n % 100 = 99;
INSERT INTO identity_assignments (actor_kind, actor_id, target_kind, target_id, role_id, inherited)
SELECT 'user', u.id, 'system', 'system', r.id, 0 FROM everybody u JOIN roles r ON r.n = 0 WHERE u.n < 20;
COMMIT;
