//! `$filter`: parses an expression and evaluates it on list items.
//! A parsed filter is checked against the fields, so that evaluation cannot fail.

use std::cmp::Ordering;

use serde_json::Value;

use super::lexer::{Token, tokens};
use super::value::{FieldType, Literal};
use super::{Fields, QueryError, field};

/// Expressions nest at most this deep; deeper ones are refused.
const MAX_DEPTH: usize = 64;

/// A filter ready to be evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Filter(Expression);

#[derive(Clone, Debug)]
enum Expression {
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Not(Box<Expression>),
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
    Text {
        test: TextTest,
        text: Operand,
        part: Operand,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

#[derive(Clone, Debug)]
enum Operand {
    Field(&'static str, FieldType),
    Literal(Literal),
    Lower(Box<Operand>),
    Upper(Box<Operand>),
}

impl Filter {
    /// Parses `text` over items with these fields.
    pub(crate) fn parse(text: &str, fields: Fields) -> Result<Self, QueryError> {
        let tokens = tokens(text)?;
        let mut parser = Parser {
            tokens: tokens.into_iter().peekable(),
            fields,
            depth: 0,
        };
        let expression = parser.or()?;
        match parser.tokens.next() {
            None => Ok(Self(expression)),
            Some(token) => Err(unexpected(Some(&token))),
        }
    }

    /// Whether the item passes.
    pub(crate) fn matches(&self, item: &Value) -> bool {
        self.0.matches(item)
    }
}

impl Expression {
    fn matches(&self, item: &Value) -> bool {
        match self {
            Self::Or(a, b) => a.matches(item) || b.matches(item),
            Self::And(a, b) => a.matches(item) && b.matches(item),
            Self::Not(inner) => !inner.matches(item),
            Self::Compare {
                left,
                operator,
                right,
            } => operator.holds(left.value(item).order(&right.value(item))),
            Self::Text { test, text, part } => match (text.value(item), part.value(item)) {
                (Literal::Text(text), Literal::Text(part)) => match test {
                    TextTest::StartsWith => text.starts_with(&part),
                    TextTest::EndsWith => text.ends_with(&part),
                    TextTest::Contains => text.contains(&part),
                },
                _ => false,
            },
        }
    }
}

impl Operator {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "gt" => Self::Greater,
            "ge" => Self::GreaterOrEqual,
            "lt" => Self::Less,
            "le" => Self::LessOrEqual,
            _ => return None,
        })
    }

    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        }
    }
}

impl Operand {
    fn value(&self, item: &Value) -> Literal {
        match self {
            Self::Field(name, kind) => Literal::of(item, name, *kind),
            Self::Literal(literal) => literal.clone(),
            Self::Lower(inner) => map_text(inner.value(item), str::to_lowercase),
            Self::Upper(inner) => map_text(inner.value(item), str::to_uppercase),
        }
    }

    /// How this side of a comparison compares; `None` for a literal, which follows the other side.
    fn kind(&self) -> Option<FieldType> {
        match self {
            Self::Field(_, kind) => Some(*kind),
            Self::Literal(_) => None,
            // The case was settled by the function.
            Self::Lower(_) | Self::Upper(_) => Some(FieldType::Text),
        }
    }

    fn fit(self, kind: FieldType) -> Result<Self, QueryError> {
        match self {
            Self::Literal(literal) => literal
                .clone()
                .for_field(kind)
                .map(Self::Literal)
                .ok_or_else(|| {
                    QueryError::new(format!("{literal:?} cannot be compared with that field"))
                }),
            other => Ok(other),
        }
    }
}

fn map_text(value: Literal, map: fn(&str) -> String) -> Literal {
    match value {
        Literal::Text(text) => Literal::Text(map(&text)),
        other => other,
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    fields: Fields,
    depth: usize,
}

impl Parser {
    fn or(&mut self) -> Result<Expression, QueryError> {
        let mut left = self.and()?;
        while self.take_word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, QueryError> {
        let mut left = self.unary()?;
        while self.take_word("and") {
            left = Expression::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, QueryError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(QueryError::new("$filter is nested too deep"));
        }
        let expression = if self.take_word("not") {
            Expression::Not(Box::new(self.unary()?))
        } else if self.tokens.next_if_eq(&Token::Open).is_some() {
            let inner = self.or()?;
            self.expect(&Token::Close)?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn comparison(&mut self) -> Result<Expression, QueryError> {
        let text_test = match self.tokens.peek() {
            Some(Token::Word(word)) => match word.as_str() {
                "startswith" => Some(TextTest::StartsWith),
                "endswith" => Some(TextTest::EndsWith),
                "contains" => Some(TextTest::Contains),
                "substringof" => return self.substring_of(),
                _ => None,
            },
            _ => None,
        };
        if let Some(test) = text_test {
            let (text, part) = self.two_arguments()?;
            return text_expression(test, text, part);
        }
        let left = self.operand()?;
        let operator = match self.tokens.next() {
            Some(Token::Word(word)) => Operator::named(&word)
                .ok_or_else(|| QueryError::new(format!("'{word}' is not a comparison operator")))?,
            token => return Err(unexpected(token.as_ref())),
        };
        let right = self.operand()?;
        let kind = left.kind().or_else(|| right.kind());
        let (left, right) = match kind {
            Some(kind) => (left.fit(kind)?, right.fit(kind)?),
            None => (left, right),
        };
        Ok(Expression::Compare {
            left,
            operator,
            right,
        })
    }

    /// The older function names its arguments the other way round.
    fn substring_of(&mut self) -> Result<Expression, QueryError> {
        let (part, text) = self.two_arguments()?;
        text_expression(TextTest::Contains, text, part)
    }

    fn two_arguments(&mut self) -> Result<(Operand, Operand), QueryError> {
        self.tokens.next();
        self.expect(&Token::Open)?;
        let first = self.operand()?;
        self.expect(&Token::Comma)?;
        let second = self.operand()?;
        self.expect(&Token::Close)?;
        Ok((first, second))
    }

    fn operand(&mut self) -> Result<Operand, QueryError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(QueryError::new("$filter is nested too deep"));
        }
        let operand = match self.tokens.next() {
            Some(Token::Literal(literal)) => Operand::Literal(literal),
            Some(Token::Word(word)) if word == "tolower" || word == "toupper" => {
                self.expect(&Token::Open)?;
                let inner = Box::new(self.operand()?);
                self.expect(&Token::Close)?;
                if word == "tolower" {
                    Operand::Lower(inner)
                } else {
                    Operand::Upper(inner)
                }
            }
            Some(Token::Word(word)) => {
                let (name, kind) = field(self.fields, &word)?;
                Operand::Field(name, kind)
            }
            token => return Err(unexpected(token.as_ref())),
        };
        self.depth -= 1;
        Ok(operand)
    }

    fn take_word(&mut self, expected: &str) -> bool {
        self.tokens
            .next_if(|token| matches!(token, Token::Word(word) if word == expected))
            .is_some()
    }

    fn expect(&mut self, expected: &Token) -> Result<(), QueryError> {
        match self.tokens.next() {
            Some(token) if token == *expected => Ok(()),
            token => Err(unexpected(token.as_ref())),
        }
    }
}

fn text_expression(test: TextTest, text: Operand, part: Operand) -> Result<Expression, QueryError> {
    let kind = text
        .kind()
        .or_else(|| part.kind())
        .unwrap_or(FieldType::Text);
    if !matches!(kind, FieldType::Text | FieldType::Name) {
        return Err(QueryError::new(
            "a text function in $filter needs a text field",
        ));
    }
    Ok(Expression::Text {
        test,
        text: text.fit(kind)?,
        part: part.fit(kind)?,
    })
}

fn unexpected(token: Option<&Token>) -> QueryError {
    match token {
        None => QueryError::new("$filter ends too early"),
        Some(Token::Word(word)) => {
            QueryError::new(format!("'{word}' is not expected here in $filter"))
        }
        Some(Token::Literal(_)) => QueryError::new("a literal is not expected here in $filter"),
        Some(Token::Open) => QueryError::new("'(' is not expected here in $filter"),
        Some(Token::Close) => QueryError::new("')' is not expected here in $filter"),
        Some(Token::Comma) => QueryError::new("',' is not expected here in $filter"),
    }
}
