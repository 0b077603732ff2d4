//! `Extractors.…` and `Outputters.…` with their parameters.

use azml_usql_syntax::ast::{self, ExprKind};
use azml_usql_syntax::{Code, Span};

use super::expr::ExprBinder;
use super::scope::Scope;
use super::{BResult, Environment};
use crate::cs::{Type, Value};
use crate::extract::{CharFormat, TextFormat};
use crate::output::OutputFormat;
use crate::text_encoding::Encoding;

/// The built-in operators over text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextOperator {
    Text,
    Csv,
    Tsv,
}

/// An argument: the parameter's name, its value, its place.
type NamedValue = (String, Value, Span);

impl Environment {
    /// The format of an EXTRACT's USING clause.
    pub(super) fn extractor(&mut self, using: &ast::Expr) -> BResult<TextFormat> {
        let (operator, args) = self.built_in(using, "Extractors")?;
        let parameters: &[(&str, Type)] = &[
            ("delimiter", Type::Char),
            ("rowDelimiter", Type::String),
            ("encoding", Type::Encoding),
            ("escapeCharacter", Type::Nullable(Box::new(Type::Char))),
            ("nullEscape", Type::String),
            ("quoting", Type::Bool),
            ("silent", Type::Bool),
            ("skipFirstNRows", Type::Int),
            ("charFormat", Type::String),
        ];
        let mut format = TextFormat::new(delimiter_of(operator));
        for (name, value, span) in self.named_args(operator, args, parameters, using.span)? {
            match (name.as_str(), value) {
                ("delimiter", Value::Char(unit)) => {
                    format.delimiter = self.character(unit, span)?
                }
                ("rowDelimiter", value) => {
                    format.row_delimiter = self.row_delimiter(&value, span)?
                }
                ("encoding", Value::Encoding(page)) => {
                    format.encoding = self.encoding(page, span)?
                }
                ("escapeCharacter", Value::Char(unit)) => {
                    format.escape = Some(self.character(unit, span)?)
                }
                ("nullEscape", value) => {
                    format.null_escape = value.opt_str().map(ToOwned::to_owned)
                }
                ("quoting", Value::Bool(quoting)) => format.quoting = quoting,
                ("silent", Value::Bool(silent)) => format.silent = silent,
                ("skipFirstNRows", Value::Int(rows)) => match u64::try_from(rows) {
                    Ok(rows) => format.skip_first_rows = rows,
                    Err(_) => return self.bad_argument(span, "skipFirstNRows cannot be negative"),
                },
                ("charFormat", value) => format.char_format = self.char_format(&value, span)?,
                _ => {}
            }
        }
        Ok(format)
    }

    /// The format of an OUTPUT's USING clause, and the operator's name.
    pub(super) fn outputter(&mut self, using: &ast::Expr) -> BResult<(OutputFormat, &'static str)> {
        let (operator, args) = self.built_in(using, "Outputters")?;
        let parameters: &[(&str, Type)] = &[
            ("delimiter", Type::Char),
            ("rowDelimiter", Type::String),
            ("encoding", Type::Encoding),
            ("quoting", Type::Bool),
            ("escapeCharacter", Type::Nullable(Box::new(Type::Char))),
            ("nullEscape", Type::String),
            ("dateTimeFormat", Type::String),
            ("charFormat", Type::String),
            ("outputHeader", Type::Bool),
        ];
        let mut format = OutputFormat::new(delimiter_of(operator));
        for (name, value, span) in self.named_args(operator, args, parameters, using.span)? {
            match (name.as_str(), value) {
                ("delimiter", Value::Char(unit)) => {
                    format.delimiter = self.character(unit, span)?
                }
                ("rowDelimiter", value) => {
                    format.row_delimiter = self.row_delimiter(&value, span)?
                }
                ("encoding", Value::Encoding(page)) => {
                    format.encoding = self.encoding(page, span)?
                }
                ("quoting", Value::Bool(quoting)) => format.quoting = quoting,
                ("escapeCharacter", Value::Char(unit)) => {
                    format.escape = Some(self.character(unit, span)?)
                }
                ("nullEscape", value) => {
                    format.null_escape = value.opt_str().map(ToOwned::to_owned)
                }
                ("dateTimeFormat", value) => {
                    let pattern = value.opt_str().unwrap_or("O").to_owned();
                    if let Err(error) =
                        crate::cs::datetime::format(Value::date(0).date_time(), &pattern)
                    {
                        return self
                            .bad_argument(span, &format!("dateTimeFormat: {}", error.message));
                    }
                    format.date_time_format = (pattern != "O" && pattern != "o").then_some(pattern);
                }
                ("charFormat", value) => format.char_format = self.char_format(&value, span)?,
                ("outputHeader", Value::Bool(header)) => format.header = header,
                _ => {}
            }
        }
        let name = match operator {
            TextOperator::Text => "Outputters.Text",
            TextOperator::Csv => "Outputters.Csv",
            TextOperator::Tsv => "Outputters.Tsv",
        };
        Ok((format, name))
    }

    /// The built-in operator of a USING clause and its arguments.
    fn built_in<'e>(
        &mut self,
        using: &'e ast::Expr,
        class: &str,
    ) -> BResult<(TextOperator, &'e [ast::Arg])> {
        let (path, args) = match &using.kind {
            ExprKind::Call(call) => (call.callee.to_string(), call.args.as_slice()),
            ExprKind::New { ty, args, .. } => (ty.to_string(), args.as_deref().unwrap_or_default()),
            _ => (using.to_string(), [].as_slice()),
        };
        let plain = path.replace(['[', ']'], "");
        let name = plain
            .rsplit_once('.')
            .filter(|(owner, _)| owner.rsplit('.').next() == Some(class))
            .map(|(_, name)| name);
        let operator = match name {
            Some("Text") => TextOperator::Text,
            Some("Csv") => TextOperator::Csv,
            Some("Tsv") => TextOperator::Tsv,
            Some(name @ ("Parquet" | "Orc")) => {
                return self.unsupported(using.span, &format!("{class}.{name}"));
            }
            Some(name) => {
                let message = format!(
                    "C# error CS0117: '{class}' does not contain a definition for '{name}'"
                );
                return self.error(Code::E_CSC_USER_INVALIDCSHARP, using.span, message);
            }
            None => {
                let message = format!(
                    "C# error CS0246: The type or namespace name '{plain}' could not be found: custom assemblies do not run here"
                );
                return self.error(Code::E_CSC_USER_INVALIDCSHARP, using.span, message);
            }
        };
        Ok((operator, args))
    }

    /// Arguments by the names of their parameters, each a constant of its type.
    fn named_args(
        &mut self,
        operator: TextOperator,
        args: &[ast::Arg],
        parameters: &[(&str, Type)],
        span: Span,
    ) -> BResult<Vec<NamedValue>> {
        // Csv and Tsv have no delimiter.
        let parameters: Vec<&(&str, Type)> = parameters
            .iter()
            .filter(|(name, _)| operator == TextOperator::Text || *name != "delimiter")
            .collect();
        let mut values: Vec<NamedValue> = Vec::new();
        for (at, arg) in args.iter().enumerate() {
            let wanted = match &arg.name {
                Some(name) => parameters.iter().find(|(known, _)| *known == name.text),
                None => parameters.get(at),
            };
            let Some((name, ty)) = wanted else {
                let message = match &arg.name {
                    Some(name) => format!(
                        "C# error CS1739: The best overload for '{operator:?}' does not have a parameter named '{}'",
                        name.text
                    ),
                    None => format!(
                        "C# error CS1501: No overload for method '{operator:?}' takes {} arguments",
                        args.len()
                    ),
                };
                let span = arg.name.as_ref().map_or(span, |name| name.span);
                return self.error(Code::E_CSC_USER_INVALIDCSHARP, span, message);
            };
            if values.iter().any(|(known, ..)| known == name) {
                let message = format!(
                    "C# error CS1740: Named argument '{name}' cannot be specified multiple times"
                );
                return self.error(Code::E_CSC_USER_INVALIDCSHARP, arg.value.span, message);
            }
            let scope = Scope::default();
            let value = ExprBinder::new(self, &scope).constant(&arg.value, ty)?;
            values.push(((*name).to_owned(), value, arg.value.span));
        }
        Ok(values)
    }

    fn bad_argument<T>(&mut self, span: Span, reason: &str) -> BResult<T> {
        self.error(
            Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
            span,
            format!("Invalid expression: {reason}"),
        )
    }

    fn character(&mut self, unit: u16, span: Span) -> BResult<char> {
        match char::from_u32(u32::from(unit)) {
            Some(c) => Ok(c),
            None => self.bad_argument(span, "half of a surrogate pair is no delimiter"),
        }
    }

    fn row_delimiter(&mut self, value: &Value, span: Span) -> BResult<Option<char>> {
        let Some(text) = value.opt_str() else {
            return Ok(None);
        };
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(Some(c)),
            // What null means.
            _ if text == "\r\n" => Ok(None),
            _ => self.bad_argument(span, "rowDelimiter is one character"),
        }
    }

    fn encoding(&mut self, page: u16, span: Span) -> BResult<Encoding> {
        match Encoding::by_code_page(i32::from(page)) {
            Some(encoding) => Ok(encoding),
            None => self.bad_argument(span, "the encoding is not supported"),
        }
    }

    fn char_format(&mut self, value: &Value, span: Span) -> BResult<CharFormat> {
        match value.opt_str() {
            None | Some("uint16") => Ok(CharFormat::Uint16),
            Some("string") => Ok(CharFormat::String),
            Some(other) => self.error(
                Code::E_CSC_USER_UNSUPPORTEDCHARFORMAT,
                span,
                format!(
                    "The character format '{other}' is not supported. Use \"uint16\" or \"string\"."
                ),
            ),
        }
    }
}

fn delimiter_of(operator: TextOperator) -> char {
    if operator == TextOperator::Tsv {
        '\t'
    } else {
        ','
    }
}
