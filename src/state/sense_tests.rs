//! Expressions that PostgreSQL takes, refuses, and may take.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::sense::{Kind, Sense, judge};

fn sense(sql: &str) -> Sense {
    let expr = Parser::new(&PostgreSqlDialect {}).try_with_sql(sql).unwrap().parse_expr().unwrap();
    let judged = judge(&expr, &|parts| match parts.last()?.value.as_str() {
        "n" => Some(Kind::Whole),
        "t" => Some(Kind::Text),
        "b" => Some(Kind::Bool),
        "d" => Some(Kind::Date),
        _ => None,
    });
    judged.as_condition()
}

#[test]
fn what_postgresql_takes() {
    for sql in [
        "n > 0 AND n % 2 = 0",
        "length(t) > 0",
        "t IN ('a', 'b') OR t LIKE 'c%'",
        "lower(t) = t",
        "n IS NOT NULL",
        "b",
        "NOT b AND d < now()",
        "coalesce(t, '') <> ''",
        "n BETWEEN 1 AND 2.5",
        "t || n <> 'x'",
        "n = '1'",
        "t::integer > 0",
    ] {
        assert_eq!(sense(sql), Sense::Sure, "{sql}");
    }
}

#[test]
fn what_postgresql_refuses() {
    for sql in [
        "length(n) > 0",
        "t > 0",
        "n = b",
        "n",
        "t",
        "n AND b",
        "lower(d) = 'x'",
        "t + n > 1",
        "n LIKE '1%'",
        "coalesce(t, n) IS NULL",
        "n <> ''",
        "d = n",
    ] {
        assert_eq!(sense(sql), Sense::Wrong, "{sql}");
    }
}

#[test]
fn what_cannot_be_told() {
    for sql in ["f(n) > 0", "x > 0", "d > 'yesterday'", "n @@ t", "CASE WHEN b THEN n END > 0", "n = 'x'"] {
        assert_eq!(sense(sql), Sense::Unsure, "{sql}");
    }
}
