//! What a database looks like, line by line: the queries that two orders are compared by.

/// Everything in the schema `public`. To which of two equal keys a foreign key is bound is not among it, nor is the
/// order of columns, in a view's list neither.
pub(crate) const POSTGRES_SCHEMA: &str = r"
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END || a.attidentity::text || a.attgenerated::text
    || coalesce((SELECT ' COLLATE ' || l.collname FROM pg_collation l WHERE l.oid = a.attcollation), '')
    || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || c.relname || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'index ' || pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'relation ' || c.relkind::text || ' ' || c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'view ' || c.relname || ' ' || (SELECT string_agg(x, ' ' ORDER BY x) FROM
    regexp_split_to_table(regexp_replace(pg_get_viewdef(c.oid), '^\s*SELECT\s+', ''), '[,;]?\s*\n\s*') x) FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm')
UNION ALL
SELECT 'enum ' || t.typname || ' ' || (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
  FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype = 'e'
UNION ALL
SELECT 'function ' || pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = 's'
UNION ALL
SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
";

/// A line of [`SQLITE_SCHEMA`] without what a rename and a rebuild write in different ways: names without quotes, and
/// of a table's own text the checks alone.
pub(crate) fn plain(line: &str) -> String {
    let line = line.replace('"', "");
    let Some(table) = line.strip_prefix("checks ") else { return line };
    let name = table.split(' ').next().unwrap_or_default();
    let mut checks: Vec<&str> = table.match_indices("CHECK (").map(|(at, _)| balanced(&table[at..])).collect();
    checks.extend(table.match_indices(" COLLATE ").map(|(at, _)| collated(table, at)));
    checks.sort_unstable();
    format!("checks {name} {}", checks.join(" "))
}

/// A column's name and type in front of its collation, and the collation.
fn collated(table: &str, at: usize) -> &str {
    let start =
        table[..at].rmatch_indices([' ', ',', '(']).filter(|(_, found)| *found == " ").nth(1).map_or(0, |(at, _)| at);
    let end = table[at + " COLLATE ".len()..]
        .find([' ', ',', '\n', ')'])
        .map_or(table.len(), |to| at + " COLLATE ".len() + to);
    table[start..end].trim()
}

/// A text up to the bracket that closes its first one.
fn balanced(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && c == ')' {
            return &text[..=at];
        }
    }
    text
}

/// Rows without the columns that number themselves: which number a row gets may depend on the order.
pub(crate) const POSTGRES_ROWS: &str = r"
SELECT 'rows ' || c.relname || ' ' || query_to_xml(format('SELECT (to_jsonb(one_row) - %L::text[])::text AS r FROM public.%I one_row ORDER BY 1',
    (SELECT coalesce(array_agg(a.attname::text), '{}') FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity <> '')::text, c.relname),
    true, true, '')::text
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
";

/// Everything in the one schema.
pub(crate) const SQLITE_SCHEMA: &str = r#"
SELECT 'column ' || m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || coalesce(c.dflt_value, '') || ' ' || c.pk || c.hidden
  FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%'
UNION ALL
SELECT 'key ' || m.name || ' ' || k."from" || ' ' || k."table" || '.' || coalesce(k."to", '') || ' ' || k.on_delete || k.on_update
  FROM sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table'
UNION ALL
SELECT 'index ' || m.name || ' ' || (CASE WHEN i.origin = 'c' THEN i.name ELSE i.origin END) || ' ' || i."unique" || i.partial || ' '
    || (SELECT group_concat(coalesce(c.name, '?') || c."desc") FROM pragma_index_xinfo(i.name) c WHERE c.key)
  FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'
UNION ALL
SELECT m.type || ' ' || m.name || ' ' || m.sql FROM sqlite_master m WHERE m.type IN ('view', 'trigger')
UNION ALL
SELECT 'sql of index ' || m.sql FROM sqlite_master m WHERE m.type = 'index' AND m.sql IS NOT NULL
UNION ALL
SELECT 'checks ' || m.name || ' ' || m.sql FROM sqlite_master m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'
"#;
