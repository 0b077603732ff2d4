//! A cursor over the tokens of a batch: what every statement is read with. Knows no statement.

use datafusion::sql::sqlparser::{
    ast::{Expr, ObjectName},
    dialect::MsSqlDialect,
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Token, TokenWithSpan, Tokenizer, TokenizerError, Word},
};

use super::{SqlType, TypeError};

/// How deep expressions, blocks and statements may nest.
pub(super) const MAX_DEPTH: usize = 64;

/// Why a batch cannot be read; nothing of it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) struct SyntaxError {
    /// The number of the error message.
    pub(in crate::sql) number: i32,
    pub(in crate::sql) message: String,
    /// From 1.
    pub(in crate::sql) line: u32,
}

pub(super) type Result<T, E = SyntaxError> = std::result::Result<T, E>;

static DIALECT: MsSqlDialect = MsSqlDialect {};

/// A cursor over the tokens of a batch.
pub(super) struct BatchParser {
    pub(super) parser: Parser<'static>,
    /// How deep statements are nested where the cursor stands.
    pub(super) depth: usize,
    /// The batch.
    text: String,
}

impl BatchParser {
    pub(super) fn new(text: &str) -> Result<Self> {
        let tokens = Tokenizer::new(&DIALECT, text)
            .tokenize_with_location()
            .map_err(|error| lexical(&error))?;
        Ok(Self {
            parser: Parser::new(&DIALECT)
                .with_recursion_limit(MAX_DEPTH)
                .with_tokens_with_locations(tokens),
            depth: 0,
            text: text.to_owned(),
        })
    }

    pub(super) fn peek(&self) -> &TokenWithSpan {
        self.parser.peek_token_ref()
    }

    pub(super) fn line(&self) -> u32 {
        if self.at_end() {
            // The end has no place of its own: it is where the text ends.
            let line = self.text.trim_end().split('\n').count();
            return u32::try_from(line).unwrap_or(u32::MAX);
        }
        u32::try_from(self.peek().span.start.line)
            .unwrap_or(1)
            .max(1)
    }

    pub(super) fn at_end(&self) -> bool {
        self.peek().token == Token::EOF
    }

    /// Takes everything from here to the end of the batch, as it is written; as many empty lines as are before it stand in
    /// front, so that its lines keep their numbers.
    pub(super) fn rest(&mut self) -> String {
        let start = self.peek().span.start;
        let line = usize::try_from(start.line).unwrap_or(1).max(1);
        let column = usize::try_from(start.column).unwrap_or(1).max(1);
        let mut rest = "\n".repeat(line - 1);
        for (at, text) in self.text.split_inclusive('\n').skip(line - 1).enumerate() {
            let skipped = if at == 0 { column - 1 } else { 0 };
            rest.extend(text.chars().skip(skipped));
        }
        while !self.at_end() {
            self.parser.next_token();
        }
        rest
    }

    pub(super) fn skip_semicolons(&mut self) {
        while self.parser.consume_token(&Token::SemiColon) {}
    }

    /// The error for the token that is next.
    pub(super) fn unexpected(&self) -> SyntaxError {
        let next = self.peek();
        let (number, message) = match &next.token {
            Token::EOF => (
                102,
                "Incorrect syntax near the end of the batch.".to_owned(),
            ),
            Token::Word(Word {
                value,
                quote_style: None,
                keyword,
            }) if *keyword != Keyword::NoKeyword => {
                (156, format!("Incorrect syntax near the keyword '{value}'."))
            }
            Token::Word(word) => (102, format!("Incorrect syntax near '{}'.", word.value)),
            Token::SingleQuotedString(text) | Token::NationalStringLiteral(text) => {
                (102, format!("Incorrect syntax near '{text}'."))
            }
            other => (102, format!("Incorrect syntax near '{other}'.")),
        };
        SyntaxError {
            number,
            message,
            line: self.line(),
        }
    }

    /// Reads a part with `sqlparser`.
    pub(super) fn with<T>(
        &mut self,
        read: impl FnOnce(&mut Parser<'static>) -> Result<T, ParserError>,
    ) -> Result<T> {
        read(&mut self.parser).map_err(|error| match error {
            ParserError::RecursionLimitExceeded => SyntaxError {
                number: 191,
                message: "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into \
                          smaller queries."
                    .to_owned(),
                line: self.line(),
            },
            _ => self.unexpected(),
        })
    }

    /// The word at `ahead`, where it is an unquoted one.
    pub(super) fn word(&self, ahead: usize) -> Option<String> {
        match self.parser.peek_nth_token(ahead).token {
            Token::Word(Word {
                value,
                quote_style: None,
                ..
            }) => Some(value.to_ascii_uppercase()),
            _ => None,
        }
    }

    /// Takes these words if all of them are next.
    pub(super) fn accept(&mut self, words: &[&str]) -> bool {
        let all = words
            .iter()
            .enumerate()
            .all(|(at, word)| self.word(at).as_deref() == Some(*word));
        if all {
            words.iter().for_each(|_| drop(self.parser.next_token()));
        }
        all
    }

    pub(super) fn expect(&mut self, words: &[&str]) -> Result<()> {
        if self.accept(words) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn expect_token(&mut self, token: &Token) -> Result<()> {
        if self.parser.consume_token(token) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn name(&mut self) -> Result<ObjectName> {
        self.with(|parser| parser.parse_object_name(false))
    }

    /// A single name, quoted or not.
    pub(super) fn identifier(&mut self) -> Result<String> {
        match self.parser.peek_token().token {
            Token::Word(word) => {
                self.parser.next_token();
                Ok(word.value)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// A variable with its `@`.
    pub(super) fn variable(&mut self) -> Result<String> {
        match self.peek_variable() {
            Some(name) => {
                self.parser.next_token();
                Ok(name)
            }
            None => Err(self.unexpected()),
        }
    }

    pub(super) fn peek_variable(&self) -> Option<String> {
        match &self.peek().token {
            Token::Word(word) if word.quote_style.is_none() && word.value.starts_with('@') => {
                Some(word.value.clone())
            }
            _ => None,
        }
    }

    pub(super) fn expr(&mut self) -> Result<Expr> {
        self.with(Parser::parse_expr)
    }

    pub(super) fn sql_type(&mut self) -> Result<SqlType> {
        let line = self.line();
        let written = self.with(Parser::parse_data_type)?;
        SqlType::from_ast(&written, 1).map_err(|error| type_error(&error, line))
    }

    pub(super) fn comma_separated<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut items = vec![read(self)?];
        while self.parser.consume_token(&Token::Comma) {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// Whether the statement can end here: at the end, a semicolon, or a word that starts or ends one.
    pub(super) fn ends_statement(&self) -> bool {
        match &self.peek().token {
            Token::EOF | Token::SemiColon => true,
            Token::Word(Word {
                value,
                quote_style: None,
                ..
            }) => {
                let word = value.to_ascii_uppercase();
                is_statement_start(&word) || matches!(word.as_str(), "END" | "ELSE")
            }
            _ => false,
        }
    }

    pub(super) fn skip_parentheses(&mut self) -> Result<()> {
        self.expect_token(&Token::LParen)?;
        let mut open = 1;
        while open > 0 {
            match self.parser.next_token().token {
                Token::LParen => open += 1,
                Token::RParen => open -= 1,
                Token::EOF => return Err(self.unexpected()),
                _ => {}
            }
        }
        Ok(())
    }
}

pub(super) fn is_statement_start(word: &str) -> bool {
    const STARTS: &[&str] = &[
        "ALTER",
        "BACKUP",
        "BEGIN",
        "BREAK",
        "CHECKPOINT",
        "CLOSE",
        "COMMIT",
        "CONTINUE",
        "CREATE",
        "DBCC",
        "DEALLOCATE",
        "DECLARE",
        "DELETE",
        "DENY",
        "DISABLE",
        "DROP",
        "ENABLE",
        "EXEC",
        "EXECUTE",
        "FETCH",
        "GRANT",
        "IF",
        "INSERT",
        "KILL",
        "MERGE",
        "OPEN",
        "PRINT",
        "RAISERROR",
        "RECONFIGURE",
        "RESTORE",
        "RETURN",
        "REVERT",
        "REVOKE",
        "ROLLBACK",
        "SAVE",
        "SELECT",
        "SET",
        "SHUTDOWN",
        "THROW",
        "TRUNCATE",
        "UPDATE",
        "USE",
        "WAITFOR",
        "WHILE",
        "WITH",
    ];
    STARTS.binary_search(&word).is_ok()
}

fn lexical(error: &TokenizerError) -> SyntaxError {
    let (number, message) = if error.message.contains("quoted identifier")
        || error.message.contains("string literal")
    {
        (
            105,
            "Unclosed quotation mark after the character string.".to_owned(),
        )
    } else {
        (102, format!("Incorrect syntax: {}.", error.message))
    };
    SyntaxError {
        number,
        message,
        line: u32::try_from(error.location.line).unwrap_or(1).max(1),
    }
}

fn type_error(error: &TypeError, line: u32) -> SyntaxError {
    let (number, message) = match error {
        TypeError::Unknown(name) => (2715, format!("Cannot find data type {name}.")),
        TypeError::OutOfRange(name) => (
            131,
            format!("The size given to the type '{name}' is outside its range."),
        ),
    };
    SyntaxError {
        number,
        message,
        line,
    }
}
