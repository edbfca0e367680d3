//! The stamp: the environment's name in the database.

use super::super::sea;
use sea_query::{Alias, Expr, ExprTrait, Query};

use super::{ENVIRONMENT, LedgerSql};

impl LedgerSql {
    /// Stamps the environment's name in, where none is.
    #[must_use]
    pub fn stamp_if_none(&self, environment: &str) -> String {
        let none = Query::select().expr(Expr::val(1)).from(self.table(ENVIRONMENT)).take();
        let select = Query::select()
            .expr(self.string(environment))
            .expr(Expr::cust(self.now()))
            .and_where(Expr::exists(none).not())
            .take();
        self.insert_stamp(select)
    }

    /// Stamps the environment's name in, over any that is there: two statements.
    #[must_use]
    pub fn stamp(&self, environment: &str) -> [String; 2] {
        let clear = Query::delete().from_table(self.table(ENVIRONMENT)).take();
        let select = Query::select().expr(self.string(environment)).expr(Expr::cust(self.now())).take();
        [sea::query(self.backend, &clear), self.insert_stamp(select)]
    }

    fn insert_stamp(&self, select: sea_query::SelectStatement) -> String {
        let mut query = Query::insert();
        query.into_table(self.table(ENVIRONMENT)).columns(["name", "stamped_at"].map(Alias::new));
        // As many expressions as columns: it cannot be refused.
        let _ = query.select_from(select);
        sea::query(self.backend, &query)
    }

    /// Reads the stamp: no row, or one with the environment's name.
    #[must_use]
    pub fn select_stamp(&self) -> String {
        let query = Query::select().column(Alias::new("name")).from(self.table(ENVIRONMENT)).take();
        sea::query(self.backend, &query)
    }
}
