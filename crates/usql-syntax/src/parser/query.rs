//! Rowset expressions: set operators over SELECT, EXTRACT and the rest.

use super::cursor::{MAX_CHAIN, PResult, Parser};
use crate::ast::{
    ByName, Combine, Expr, Extract, ExtractColumn, Invocation, Names, OperatorInput, OrderFetch,
    Process, Produce, ProduceColumn, Quantifier, Query, QueryKind, Reduce, Sample, SampleMethod,
    SampleQuery, Select, SelectItem, SetOp, SetOperator, SortItem,
};
use crate::lexer::TokenKind;
use crate::{Code, Span};

impl Parser<'_> {
    /// A rowset expression with set operators and ORDER BY.
    pub(super) fn query(&mut self) -> PResult<Query> {
        self.deeper_by(4, |p| {
            let mut left = p.intersections()?;
            let mut links = 0;
            while let Some(op) = p.set_operator(&[SetOperator::Union, SetOperator::Except])? {
                links += 1;
                if links > MAX_CHAIN {
                    return p.fail(left.span, "syntax error. The rowset expression is too long");
                }
                let right = p.intersections()?;
                left = op.join(left, right);
            }
            p.tail(left)
        })
    }

    /// INTERSECT binds tighter than UNION and EXCEPT.
    fn intersections(&mut self) -> PResult<Query> {
        let mut left = self.set_term()?;
        let mut links = 0;
        while let Some(op) = self.set_operator(&[SetOperator::Intersect])? {
            links += 1;
            if links > MAX_CHAIN {
                return self.fail(left.span, "syntax error. The rowset expression is too long");
            }
            let right = self.set_term()?;
            left = op.join(left, right);
        }
        Ok(left)
    }

    /// ORDER BY, SAMPLE and OPTION behind a rowset expression. When a set
    /// operator follows, they belonged to the left side only.
    fn tail(&mut self, mut query: Query) -> PResult<Query> {
        if self.at("ORDER") {
            query.order = Some(self.order_fetch()?);
        }
        if self.nth_word(0, "SAMPLE") {
            self.bump();
            query.sample = Some(self.sample_clause()?);
        }
        if self.nth_word(0, "OPTION") {
            let start = self.bump().span.start;
            self.expect_punct("(")?;
            let mut depth = 1_usize;
            while depth > 0 {
                if self.at_end() {
                    return self.expect_punct(")").map(|_| query);
                }
                if self.nth_punct(0, "(") {
                    depth += 1;
                } else if self.nth_punct(0, ")") {
                    depth -= 1;
                }
                self.bump();
            }
            self.warn(
                Code::W_CSC_USER_IGNORED,
                self.span_from(start),
                "the hint has no effect here",
            );
        }
        query.span = self.span_from(query.span.start);
        Ok(query)
    }

    fn set_operator(&mut self, which: &[SetOperator]) -> PResult<Option<PendingSetOp>> {
        let start = self.token().span.start;
        let outer = self.nth_word(0, "OUTER") && self.nth_word(1, "UNION");
        let op = match self.nth_text(usize::from(outer)) {
            "UNION" => SetOperator::Union,
            "EXCEPT" => SetOperator::Except,
            "INTERSECT" => SetOperator::Intersect,
            _ => return Ok(None),
        };
        if !which.contains(&op) {
            return Ok(None);
        }
        if outer {
            self.bump();
        }
        self.bump();
        let quantifier = if self.eat("ALL") {
            Some(Quantifier::All)
        } else if self.eat("DISTINCT") {
            Some(Quantifier::Distinct)
        } else {
            None
        };
        let by_name = if self.eat("BY") {
            self.expect("NAME")?;
            Some(self.by_name()?)
        } else {
            None
        };
        let mut disjoint = Vec::new();
        if op == SetOperator::Union && self.nth_word(0, "WITH") {
            self.bump();
            self.expect("DISJOINT")?;
            disjoint = self.paren_list(Self::name)?;
        }
        let op_span = self.span_from(start);
        Ok(Some(PendingSetOp {
            op,
            outer,
            quantifier,
            by_name,
            disjoint,
            op_span,
        }))
    }

    fn by_name(&mut self) -> PResult<ByName> {
        let mut result = ByName::default();
        if !self.eat("ON") {
            return Ok(result);
        }
        result.on = true;
        self.expect_punct("(")?;
        loop {
            if self.eat_punct("*") {
                result.star = true;
                break;
            }
            result.names.push(self.name()?);
            if !self.eat_punct(",") {
                break;
            }
        }
        self.expect_punct(")")?;
        Ok(result)
    }

    fn set_term(&mut self) -> PResult<Query> {
        let start = self.token().span.start;
        let kind = if self.at("SELECT") {
            QueryKind::Select(Box::new(self.select()?))
        } else if self.at("EXTRACT") {
            QueryKind::Extract(Box::new(self.extract()?))
        } else if self.at("PROCESS") {
            QueryKind::Process(Box::new(self.process()?))
        } else if self.at("REDUCE") {
            QueryKind::Reduce(Box::new(self.reduce()?))
        } else if self.at("COMBINE") {
            QueryKind::Combine(Box::new(self.combine()?))
        } else if self.at("SAMPLE") {
            QueryKind::Sample(Box::new(self.sample_query()?))
        } else if self.at_punct("(") {
            self.bump();
            let inner = self.query()?;
            self.expect_punct(")")?;
            QueryKind::Nested(Box::new(inner))
        } else {
            self.rowset_reference()?
        };
        Ok(Query {
            kind,
            order: None,
            sample: None,
            span: self.span_from(start),
        })
    }

    /// `@rowset`, `@f(…)`, `db.schema.table`, `db.schema.f(…)`, `alias.f(…)`.
    pub(super) fn rowset_reference(&mut self) -> PResult<QueryKind> {
        let start = self.token().span.start;
        if self.at_variable() {
            let name = self.variable()?;
            if !self.nth_punct(0, "(") {
                return Ok(QueryKind::Rowset(name));
            }
            let span = name.span;
            let name = crate::ast::ObjectName {
                parts: vec![name],
                span,
            };
            let args = self.args()?;
            return Ok(QueryKind::Call(Invocation {
                name,
                args,
                span: self.span_from(start),
            }));
        }
        let name = self.object_name()?;
        if self.nth_punct(0, "(") {
            let args = self.args()?;
            return Ok(QueryKind::Call(Invocation {
                name,
                args,
                span: self.span_from(start),
            }));
        }
        Ok(QueryKind::Object(name))
    }

    fn select(&mut self) -> PResult<Select> {
        self.expect("SELECT")?;
        let distinct = self.eat("DISTINCT");
        let items = self.list(Self::select_item)?;
        self.expect("FROM")?;
        let from = self.source_list()?;
        let filter = if self.eat("WHERE") {
            Some(self.expr()?)
        } else {
            None
        };
        let mut group_by = Vec::new();
        if self.eat("GROUP") {
            self.expect("BY")?;
            group_by = self.list(Self::expr)?;
        }
        let having = if self.eat("HAVING") {
            Some(self.expr()?)
        } else {
            None
        };
        Ok(Select {
            distinct,
            items,
            from,
            filter,
            group_by,
            having,
        })
    }

    fn select_item(&mut self) -> PResult<SelectItem> {
        let start = self.token().span.start;
        if self.eat_punct("*") {
            return Ok(SelectItem::Star(self.span_from(start)));
        }
        let qualifier = matches!(
            self.token().kind,
            TokenKind::Word | TokenKind::QuotedName | TokenKind::Variable
        );
        if qualifier && self.nth_punct(1, ".") && self.nth_punct(2, "*") {
            let name = if self.at_kind(TokenKind::Variable) {
                self.variable()?
            } else {
                self.name()?
            };
            self.bump();
            self.bump();
            return Ok(SelectItem::QualifiedStar(name));
        }
        let expr = self.expr()?;
        let alias = if self.eat("AS") {
            Some(self.name()?)
        } else {
            None
        };
        Ok(SelectItem::Expr { expr, alias })
    }

    /// `ORDER BY … [OFFSET n ROWS] [FETCH [FIRST|NEXT] n [ROWS] [ONLY]]`.
    pub(super) fn order_fetch(&mut self) -> PResult<OrderFetch> {
        let start = self.token().span.start;
        let keys = self.order_by()?;
        let mut offset = None;
        if self.eat("OFFSET") {
            offset = Some(self.expr()?);
            if !self.eat("ROWS") {
                self.expect("ROW")?;
            }
        }
        let mut fetch = None;
        if self.eat("FETCH") {
            let _ = self.eat("FIRST") || self.eat("NEXT");
            fetch = Some(self.expr()?);
            let _ = self.eat("ROWS") || self.eat("ROW");
            self.eat("ONLY");
        }
        Ok(OrderFetch {
            keys,
            offset,
            fetch,
            span: self.span_from(start),
        })
    }

    fn paren_expr(&mut self) -> PResult<Expr> {
        self.expect_punct("(")?;
        let expr = self.expr()?;
        self.expect_punct(")")?;
        Ok(expr)
    }

    fn sample_clause(&mut self) -> PResult<Sample> {
        if self.eat("ANY") {
            return Ok(Sample::Any(self.paren_expr()?));
        }
        self.expect("UNIFORM")?;
        Ok(Sample::Uniform(self.paren_expr()?))
    }

    fn sample_query(&mut self) -> PResult<SampleQuery> {
        self.expect("SAMPLE")?;
        let input = self.set_term()?;
        let mut keys = Vec::new();
        let method = if self.eat("ON") {
            keys = self.list(Self::name)?;
            if self.eat("UNIVERSE") {
                SampleMethod::Universe(self.paren_expr()?)
            } else {
                self.expect("DISTINCT")?;
                self.expect_punct("(")?;
                let probability = self.expr()?;
                self.expect_punct(",")?;
                let rows = self.expr()?;
                self.expect_punct(")")?;
                SampleMethod::Distinct(probability, rows)
            }
        } else {
            self.expect("UNIFORM")?;
            SampleMethod::Uniform(self.paren_expr()?)
        };
        let mut weight = None;
        if self.eat("WITH") {
            self.expect("WEIGHT")?;
            self.expect("AS")?;
            weight = Some(self.name()?);
        }
        Ok(SampleQuery {
            input,
            keys,
            method,
            weight,
        })
    }

    fn extract(&mut self) -> PResult<Extract> {
        self.expect("EXTRACT")?;
        let columns = self.list(Self::extract_column)?;
        self.expect("FROM")?;
        let paths = self.list(Self::expr)?;
        let sorted_by = self.sorted_by()?;
        let required = self.names_clause("REQUIRED")?;
        self.expect("USING")?;
        let using = self.operator_expr()?;
        Ok(Extract {
            columns,
            paths,
            sorted_by,
            required,
            using,
        })
    }

    fn extract_column(&mut self) -> PResult<ExtractColumn> {
        let dotted_star = {
            let mut n = 0;
            while self.nth_punct(n + 1, ".") && !self.nth_punct(n + 2, "*") && n < 6 {
                n += 2;
            }
            self.nth_punct(n + 1, ".") && self.nth_punct(n + 2, "*")
        };
        if dotted_star {
            let start = self.token().span.start;
            let mut parts = vec![self.name()?];
            while !self.nth_punct(1, "*") {
                self.expect_punct(".")?;
                parts.push(self.member_name()?);
            }
            let name = crate::ast::ObjectName {
                parts,
                span: self.span_from(start),
            };
            self.bump();
            self.bump();
            return Ok(ExtractColumn::TypeStar(name));
        }
        let name = self.name()?;
        if self.eat_punct("=") {
            return Ok(ExtractColumn::Computed {
                name,
                value: self.expr()?,
            });
        }
        let ty = self.type_ref()?;
        Ok(ExtractColumn::Column(crate::ast::ColumnDef { name, ty }))
    }

    fn sorted_by(&mut self) -> PResult<Vec<SortItem>> {
        if !self.eat("SORTED") {
            return Ok(Vec::new());
        }
        self.expect("BY")?;
        self.list(Self::sort_item)
    }

    /// `READONLY a, b` or `REQUIRED *`.
    fn names_clause(&mut self, word: &'static str) -> PResult<Option<Names>> {
        if !self.eat(word) {
            return Ok(None);
        }
        if self.eat_punct("*") {
            return Ok(Some(Names::All));
        }
        self.list(Self::name).map(|names| Some(Names::List(names)))
    }

    /// `[new] Dotted.Name<T>(args) { … }`.
    pub(super) fn operator_expr(&mut self) -> PResult<Expr> {
        let expr = self.expr()?;
        let callable = matches!(
            expr.kind,
            crate::ast::ExprKind::Call(_) | crate::ast::ExprKind::New { .. }
        );
        if callable {
            return Ok(expr);
        }
        self.at_punct("(");
        self.unexpected()
    }

    fn operator_input(&mut self) -> PResult<OperatorInput> {
        let query = self.set_term()?;
        let alias = if self.eat("AS") {
            Some(self.name()?)
        } else {
            None
        };
        Ok(OperatorInput { query, alias })
    }

    fn produce(&mut self) -> PResult<Produce> {
        self.expect("PRODUCE")?;
        let columns = self.list(Self::produce_column)?;
        let mut sorted_by = Vec::new();
        let mut read_only = None;
        let mut required = None;
        loop {
            if self.at("SORTED") {
                sorted_by = self.sorted_by()?;
            } else if self.at("READONLY") {
                read_only = self.names_clause("READONLY")?;
            } else if self.at("REQUIRED") {
                required = self.names_clause("REQUIRED")?;
            } else {
                break;
            }
        }
        self.expect("USING")?;
        let using = self.operator_expr()?;
        Ok(Produce {
            columns,
            sorted_by,
            read_only,
            required,
            using,
        })
    }

    pub(super) fn produce_column(&mut self) -> PResult<ProduceColumn> {
        let name = self.name()?;
        let ends = ["READONLY", "REQUIRED", "SORTED", "USING"];
        let typed = matches!(self.token().kind, TokenKind::Word | TokenKind::QuotedName)
            && !ends.contains(&self.nth_text(0));
        let ty = if typed { Some(self.type_ref()?) } else { None };
        Ok(ProduceColumn { name, ty })
    }

    fn process(&mut self) -> PResult<Process> {
        self.expect("PROCESS")?;
        let input = self.operator_input()?;
        Ok(Process {
            input,
            produce: self.produce()?,
        })
    }

    fn reduce(&mut self) -> PResult<Reduce> {
        self.expect("REDUCE")?;
        let input = self.operator_input()?;
        let presort = if self.eat("PRESORT") {
            self.list(Self::sort_item)?
        } else {
            Vec::new()
        };
        let on = if self.eat("ALL") {
            Vec::new()
        } else {
            self.expect("ON")?;
            self.list(Self::name)?
        };
        Ok(Reduce {
            input,
            presort,
            on,
            produce: self.produce()?,
        })
    }

    fn combine(&mut self) -> PResult<Combine> {
        self.expect("COMBINE")?;
        let left = self.operator_input()?;
        self.expect("WITH")?;
        let right = self.operator_input()?;
        self.expect("ON")?;
        let on = self.expr()?;
        Ok(Combine {
            left,
            right,
            on,
            produce: self.produce()?,
        })
    }
}

/// A set operator read, its right side not yet.
struct PendingSetOp {
    op: SetOperator,
    outer: bool,
    quantifier: Option<Quantifier>,
    by_name: Option<ByName>,
    disjoint: Vec<crate::ast::Ident>,
    op_span: Span,
}

impl PendingSetOp {
    fn join(self, left: Query, right: Query) -> Query {
        let span = left.span.to(right.span);
        let Self {
            op,
            outer,
            quantifier,
            by_name,
            disjoint,
            op_span,
        } = self;
        let set = SetOp {
            op,
            outer,
            quantifier,
            by_name,
            disjoint,
            left,
            right,
            op_span,
        };
        Query {
            kind: QueryKind::SetOp(Box::new(set)),
            order: None,
            sample: None,
            span,
        }
    }
}
