//! The front end of U-SQL, the language of Azure Data Lake Analytics: lexer,
//! parser, syntax tree and diagnostics.
//!
//! Parsing never fails: [`parse`] returns what it understood together with a
//! list of [`Diagnostic`]s. Nothing here resolves a name, knows a type's
//! members or reads a file; that is the work of the compiler built on it.
//!
//! ```
//! let parsed = azml_usql_syntax::parse(r#"@a = SELECT x+1 AS y FROM @b WHERE x == null;"#);
//! assert!(parsed.diagnostics.is_empty());
//! assert_eq!(
//!     parsed.script.to_string(),
//!     "@a = SELECT (x + 1) AS y FROM @b WHERE (x == null);\n"
//! );
//! ```

pub mod ast;
mod codes;
mod decode;
mod diagnostic;
mod format;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod lexer;
mod literal;
mod parser;
mod print;
mod render;
mod span;
mod textmate;

pub use codes::Code;
pub use decode::{DecodeError, decode_script};
pub use diagnostic::{Diagnostic, Severity};
pub use format::format;
pub use lexer::{Token, TokenKind, is_reserved, tokenize};
pub use parser::{ParseOptions, Parsed, parse, parse_expression, parse_with};
pub use print::quoted;
pub use render::{Color, render};
pub use span::{LineIndex, Position, Span};
pub use textmate::textmate_grammar;
