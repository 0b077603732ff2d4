//! What stands after FROM: rowsets, joins, APPLY, PIVOT.

use super::cursor::{MAX_CHAIN, PResult, Parser};
use crate::ast::{ApplyKind, Expr, JoinKind, Query, Source, SourceKind};
use crate::lexer::TokenKind;

/// Written between the kind of a join and the word JOIN; no meaning here.
const HINTS: &[&str] = &[
    "SERIAL",
    "PAIR",
    "BROADCASTLEFT",
    "BROADCASTRIGHT",
    "FULLCROSS",
    "MERGE",
    "HASH",
    "LOOP",
    "INDEXLOOKUP",
];

impl Parser<'_> {
    pub(super) fn source_list(&mut self) -> PResult<Source> {
        let source = self.source()?;
        if self.nth_punct(0, ",") {
            let span = self.token().span;
            return self.fail(
                span,
                "syntax error. Rowsets are joined with JOIN or CROSS JOIN, not with a comma",
            );
        }
        Ok(source)
    }

    fn source(&mut self) -> PResult<Source> {
        self.deeper(|p| {
            let mut left = p.primary_source()?;
            let mut links = 0;
            loop {
                let before = left.span;
                match p.joined(left)? {
                    Ok(next) => left = next,
                    Err(done) => return Ok(done),
                }
                links += 1;
                if links > MAX_CHAIN / 4 {
                    return p.fail(
                        before,
                        "syntax error. The FROM clause joins too many rowsets",
                    );
                }
            }
        })
    }

    /// One more join, APPLY or PIVOT, or the source back unchanged.
    fn joined(&mut self, left: Source) -> PResult<Result<Source, Source>> {
        let start = left.span.start;
        let kind = if self.at("PIVOT") {
            self.pivot(left)?
        } else if self.at("UNPIVOT") {
            self.unpivot(left)?
        } else if (self.nth_word(0, "CROSS") || self.nth_word(0, "OUTER"))
            && self.nth_word(1, "APPLY")
        {
            self.apply(left)?
        } else if self.at_join() {
            self.join(left)?
        } else {
            return Ok(Err(left));
        };
        Ok(Ok(Source {
            kind,
            span: self.span_from(start),
        }))
    }

    fn at_join(&mut self) -> bool {
        if self.nth_word(0, "OUTER") && self.nth_word(1, "UNION") {
            return false;
        }
        let mut found = false;
        for word in [
            "JOIN",
            "INNER",
            "LEFT",
            "RIGHT",
            "FULL",
            "CROSS",
            "OUTER",
            "SEMIJOIN",
            "ANTISEMIJOIN",
        ] {
            found |= self.at(word);
        }
        found || (HINTS.contains(&self.nth_text(0)) && self.at_hinted_join())
    }

    fn at_hinted_join(&self) -> bool {
        let mut n = 0;
        while HINTS.contains(&self.nth_text(n)) {
            n += 1;
        }
        matches!(self.nth_text(n), "JOIN" | "SEMIJOIN" | "ANTISEMIJOIN")
    }

    fn join(&mut self, left: Source) -> PResult<SourceKind> {
        let side = if self.eat("LEFT") {
            Some(JoinKind::LeftOuter)
        } else if self.eat("RIGHT") {
            Some(JoinKind::RightOuter)
        } else if self.eat("FULL") {
            Some(JoinKind::FullOuter)
        } else if self.eat("INNER") {
            Some(JoinKind::Inner)
        } else if self.eat("CROSS") {
            Some(JoinKind::Cross)
        } else {
            None
        };
        let outer = self.eat("OUTER");
        while HINTS.contains(&self.nth_text(0)) {
            self.bump();
        }
        let plain_side = matches!(
            side,
            None | Some(JoinKind::LeftOuter | JoinKind::RightOuter)
        );
        let kind = if !outer && plain_side && self.eat("SEMIJOIN") {
            if side == Some(JoinKind::RightOuter) {
                JoinKind::RightSemi
            } else {
                JoinKind::LeftSemi
            }
        } else if !outer && plain_side && self.eat("ANTISEMIJOIN") {
            if side == Some(JoinKind::RightOuter) {
                JoinKind::RightAntiSemi
            } else {
                JoinKind::LeftAntiSemi
            }
        } else {
            let span = self.expect("JOIN")?;
            match (side, outer) {
                (None, true) => JoinKind::LeftOuter,
                (None, false) => JoinKind::Inner,
                (Some(JoinKind::Inner | JoinKind::Cross), true) => {
                    return self.fail(
                        span,
                        "syntax error. OUTER goes with LEFT, RIGHT or FULL only",
                    );
                }
                (Some(kind), _) => kind,
            }
        };
        let right = self.primary_source()?;
        let on = if kind == JoinKind::Cross {
            None
        } else {
            self.expect("ON")?;
            Some(self.expr()?)
        };
        Ok(SourceKind::Join {
            kind,
            left: Box::new(left),
            right: Box::new(right),
            on,
        })
    }

    fn primary_source(&mut self) -> PResult<Source> {
        let start = self.token().span.start;
        let kind = if self.nth_word(0, "EXTERNAL") {
            self.bump();
            self.name()?;
            self.skip_balanced(&["WHERE", "GROUP", "ORDER", "UNION", "JOIN", "INNER", "LEFT"]);
            SourceKind::External
        } else if self.nth_punct(0, "(") && self.nth_word(1, "VALUES") {
            self.values_source()?
        } else if self.nth_punct(0, "(") {
            self.parenthesised_source()?
        } else {
            let kind = self.rowset_reference()?;
            let query = Query {
                kind,
                order: None,
                sample: None,
                span: self.span_from(start),
            };
            let alias = self.alias()?;
            SourceKind::Query {
                query: Box::new(query),
                alias,
            }
        };
        Ok(Source {
            kind,
            span: self.span_from(start),
        })
    }

    fn alias(&mut self) -> PResult<Option<crate::ast::Ident>> {
        if self.eat("AS") {
            self.name().map(Some)
        } else {
            Ok(None)
        }
    }

    fn values_source(&mut self) -> PResult<SourceKind> {
        self.expect_punct("(")?;
        let rows = self.values()?;
        self.expect_punct(")")?;
        self.expect("AS")?;
        let alias = self.name()?;
        let columns = self.paren_list(Self::name)?;
        Ok(SourceKind::Values {
            rows,
            alias,
            columns,
        })
    }

    /// `VALUES (e, …), …`.
    pub(super) fn values(&mut self) -> PResult<Vec<Vec<Expr>>> {
        self.expect("VALUES")?;
        self.list(Self::row)
    }

    pub(super) fn row(&mut self) -> PResult<Vec<Expr>> {
        self.paren_list(Self::expr)
    }

    /// `(query) AS name` or `(source)`.
    fn parenthesised_source(&mut self) -> PResult<SourceKind> {
        let is_source = self.paren_holds_source();
        self.expect_punct("(")?;
        if is_source {
            let inner = self.source()?;
            self.expect_punct(")")?;
            return Ok(SourceKind::Nested(Box::new(inner)));
        }
        let query = self.query()?;
        self.expect_punct(")")?;
        let alias = self.alias()?;
        Ok(SourceKind::Query {
            query: Box::new(query),
            alias,
        })
    }

    /// Whether the parentheses here hold joined rowsets rather than a query.
    /// Looks ahead only, so that nesting costs no second parse.
    fn paren_holds_source(&self) -> bool {
        let mut at = 1;
        while self.nth_punct(at, "(") {
            let after = self.after_closing(at);
            if !self.nth_punct(after, ")") {
                return self.continues_source(after);
            }
            at += 1;
        }
        let mut after = at;
        loop {
            match self.nth(after).kind {
                TokenKind::Variable | TokenKind::QuotedName => after += 1,
                TokenKind::Word if after == at || self.nth_punct(after - 1, ".") => after += 1,
                TokenKind::Punct if self.nth_text(after) == "." => after += 1,
                TokenKind::Punct if self.nth_text(after) == "(" && after > at => {
                    after = self.after_closing(after)
                }
                _ => return self.continues_source(after),
            }
        }
    }

    fn continues_source(&self, n: usize) -> bool {
        matches!(
            self.nth_text(n),
            "AS" | "JOIN"
                | "INNER"
                | "LEFT"
                | "RIGHT"
                | "FULL"
                | "CROSS"
                | "SEMIJOIN"
                | "ANTISEMIJOIN"
        ) || (self.nth_word(n, "OUTER") && !self.nth_word(n + 1, "UNION"))
    }

    /// The place behind the parenthesis that closes the one at `n`.
    fn after_closing(&self, n: usize) -> usize {
        let mut depth = 0_usize;
        let mut at = n;
        loop {
            if self.nth(at).kind == TokenKind::End {
                return at;
            }
            if self.nth_punct(at, "(") {
                depth += 1;
            } else if self.nth_punct(at, ")") {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            at += 1;
        }
    }

    fn apply(&mut self, left: Source) -> PResult<SourceKind> {
        let outer = self.bump().span.text(self.source) == "OUTER";
        self.expect("APPLY")?;
        let kind = if self.eat("EXPLODE") {
            self.expect_punct("(")?;
            let value = self.expr()?;
            self.expect_punct(")")?;
            ApplyKind::Explode(value)
        } else if self.nth_punct(0, "(") && self.nth_word(1, "VALUES") {
            self.bump();
            let rows = self.values()?;
            self.expect_punct(")")?;
            ApplyKind::Values(rows)
        } else if self.at("VALUES") {
            ApplyKind::Values(self.values()?)
        } else {
            self.eat("USING");
            ApplyKind::Using(self.operator_expr()?)
        };
        self.expect("AS")?;
        let alias = self.name()?;
        let columns = if self.nth_punct(0, "(") {
            self.paren_list(Self::produce_column)?
        } else {
            Vec::new()
        };
        Ok(SourceKind::Apply {
            left: Box::new(left),
            outer,
            kind,
            alias,
            columns,
        })
    }

    fn pivot(&mut self, input: Source) -> PResult<SourceKind> {
        self.expect("PIVOT")?;
        self.expect_punct("(")?;
        let aggregate = self.expr()?;
        self.expect("FOR")?;
        let column = self.postfix_expr()?;
        self.expect("IN")?;
        let values = self.paren_list(|p| {
            let value = p.expr()?;
            p.expect("AS")?;
            Ok((value, p.name()?))
        })?;
        self.expect_punct(")")?;
        self.expect("AS")?;
        let alias = self.name()?;
        Ok(SourceKind::Pivot {
            input: Box::new(input),
            aggregate,
            column,
            values,
            alias,
        })
    }

    fn unpivot(&mut self, input: Source) -> PResult<SourceKind> {
        self.expect("UNPIVOT")?;
        let include_nulls = if self.eat("INCLUDE") {
            self.expect("NULLS")?;
            true
        } else if self.eat("EXCLUDE") {
            self.expect("NULLS")?;
            false
        } else {
            false
        };
        self.expect_punct("(")?;
        let value = self.name()?;
        self.expect("FOR")?;
        let name = self.name()?;
        self.expect("IN")?;
        let columns = self.paren_list(Self::postfix_expr)?;
        self.expect_punct(")")?;
        self.expect("AS")?;
        let alias = self.name()?;
        Ok(SourceKind::Unpivot {
            input: Box::new(input),
            include_nulls,
            value,
            name,
            columns,
            alias,
        })
    }
}
