//! Scripts in one layout. Tokens are never changed, left out or moved, and comments stay between
//! the tokens they stood between: only blanks and line ends are decided on here.

use crate::{Diagnostic, Token, TokenKind, parse, tokenize};

/// Columns for each level.
const STEP: usize = 4;

/// Words that begin a line of a statement or of a query in parentheses.
const CLAUSES: &[&str] = &[
    "COMBINE",
    "EXCEPT",
    "EXPIRATION",
    "EXTRACT",
    "FROM",
    "GROUP",
    "HAVING",
    "INTERSECT",
    "OPTION",
    "ORDER",
    "PRESORT",
    "PROCESS",
    "PRODUCE",
    "READONLY",
    "REDUCE",
    "REQUIRED",
    "SELECT",
    "TO",
    "UNION",
    "USING",
    "WHERE",
];

/// Words of joins: the first of several begins a line.
const JOINS: &[&str] = &[
    "ANTISEMIJOIN",
    "APPLY",
    "BROADCASTLEFT",
    "BROADCASTRIGHT",
    "CROSS",
    "FULL",
    "FULLCROSS",
    "HASH",
    "INNER",
    "JOIN",
    "LEFT",
    "LOOP",
    "MERGE",
    "OUTER",
    "PAIR",
    "PIVOT",
    "RIGHT",
    "SEMIJOIN",
    "SERIAL",
    "UNPIVOT",
];

/// Words whose commas at the same level end lines.
const LISTS: &[&str] = &["EXTRACT", "PRODUCE", "SELECT"];

/// Words that begin a query.
const QUERIES: &[&str] = &["COMBINE", "EXTRACT", "PROCESS", "REDUCE", "SELECT"];

/// Words that stand apart from a parenthesis behind them; others are called.
const APART: &[&str] = &[
    "ALL",
    "AND",
    "APPLY",
    "AS",
    "BETWEEN",
    "BY",
    "DISTINCT",
    "ELSE",
    "ELSEIF",
    "EXPLODE",
    "FOR",
    "FROM",
    "HASH",
    "HAVING",
    "IF",
    "IN",
    "INTO",
    "JOIN",
    "LIKE",
    "NOT",
    "NULLS",
    "ON",
    "OR",
    "OVER",
    "PARTITION",
    "PIVOT",
    "PRODUCE",
    "RANGE",
    "REQUIRED",
    "READONLY",
    "RETURNS",
    "SELECT",
    "THEN",
    "UNPIVOT",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
];

/// A comment and how it stood.
struct Comment<'s> {
    text: &'s str,
    /// Line ends between what was before and it.
    lines: usize,
}

/// A token and what stood before it.
struct Piece<'s> {
    text: &'s str,
    kind: TokenKind,
    comments: Vec<Comment<'s>>,
    /// Line ends between it and the comment or token before it.
    lines: usize,
    /// Nothing at all stood between it and the token before it.
    joined: bool,
}

/// What commas and clauses belong to.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Statement,
    Query,
    Parentheses,
    Case,
}

struct Frame {
    level: Level,
    /// Where clauses begin, or lines that go on.
    indent: usize,
    /// Where the items of a list begin.
    items: Option<usize>,
    /// The next token is the first item of a list.
    opens_list: bool,
}

/// The script in canonical layout. Formatting the result again changes nothing.
///
/// ```
/// let script = "@a=SELECT x,y FROM @b WHERE x>1; // all\nOUTPUT @a TO \"/a\" USING Outputters.Csv( );";
/// assert_eq!(
///     azml_usql_syntax::format(script).unwrap(),
///     "@a =\n    SELECT x,\n           y\n    FROM @b\n    WHERE x>1; // all\n\
///      OUTPUT @a\n    TO \"/a\"\n    USING Outputters.Csv();\n"
/// );
/// ```
///
/// # Errors
/// The diagnostics of a script that does not parse.
pub fn format(source: &str) -> Result<String, Vec<Diagnostic>> {
    let diagnostics = parse(source).diagnostics;
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    let mut layout = Layout::default();
    let pieces = pieces(source);
    for at in 0..pieces.len() {
        layout.piece(&pieces, at);
    }
    Ok(layout.finish())
}

/// The tokens with the comments before them; the last is the end.
fn pieces(source: &str) -> Vec<Piece<'_>> {
    let (tokens, _) = tokenize(source);
    let mut end = 0;
    tokens
        .iter()
        .map(|token: &Token| {
            let gap = &source[end..token.span.start];
            end = token.span.end;
            let (comments, lines) = comments(gap);
            Piece {
                text: token.span.text(source),
                kind: token.kind,
                comments,
                lines,
                joined: gap.is_empty(),
            }
        })
        .collect()
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The comments of a gap, and the line ends behind the last of them.
fn comments(gap: &str) -> (Vec<Comment<'_>>, usize) {
    let mut found = Vec::new();
    let mut rest = gap.trim_start_matches('\u{FEFF}');
    loop {
        let start = rest.find('/').unwrap_or(rest.len());
        let blanks = rest[..start].replace("\r\n", "\n").replace('\r', "\n");
        let lines = blanks.chars().filter(|c| is_line_end(*c)).count();
        rest = &rest[start..];
        if rest.is_empty() {
            return (found, lines);
        }
        let length = if rest.starts_with("//") {
            rest.find(|c| is_line_end(c) || c == '\r')
                .unwrap_or(rest.len())
        } else {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        };
        let text = rest[..length].trim_end();
        found.push(Comment { text, lines });
        rest = &rest[length..];
    }
}

#[derive(Default)]
struct Layout {
    out: String,
    frames: Vec<Frame>,
    /// Blocks of statements around.
    blocks: usize,
    /// Where the current line begins.
    line_indent: usize,
    column: usize,
    /// A line end is due before whatever comes.
    fresh: bool,
}

impl Layout {
    fn base(&self) -> usize {
        self.blocks * STEP
    }

    fn newline(&mut self, indent: usize) {
        if self.column > 0 {
            self.out.push('\n');
        }
        self.out.push_str(&" ".repeat(indent));
        self.column = indent;
        self.line_indent = indent;
        self.fresh = false;
    }

    fn write(&mut self, text: &str) {
        self.out.push_str(text);
        self.column = match text.rsplit_once(is_line_end) {
            Some((_, last)) => last.chars().count().max(1),
            None => self.column + text.chars().count(),
        };
    }

    fn at_statement(&self) -> bool {
        self.frames.is_empty()
    }

    /// Where a line begins that no rule asks for.
    fn continued(&self) -> usize {
        match self.frames.last() {
            None => self.base(),
            Some(frame) => frame.items.unwrap_or(frame.indent),
        }
    }

    fn comments(&mut self, piece: &Piece<'_>) {
        for comment in &piece.comments {
            if comment.lines == 0 && self.column > 0 {
                // Behind what it belongs to.
                let fresh = self.fresh;
                self.write(" ");
                self.write(comment.text);
                self.fresh = fresh;
            } else {
                let blank = comment.lines > 1 && self.at_statement() && !self.out.is_empty();
                if blank {
                    self.blank_line();
                }
                self.newline(self.continued());
                self.write(comment.text);
            }
            self.fresh |= comment.text.starts_with("//") || self.at_statement();
        }
    }

    fn blank_line(&mut self) {
        if self.column > 0 {
            self.out.push('\n');
        }
        self.out.push('\n');
        self.column = 0;
        self.line_indent = 0;
    }

    fn piece(&mut self, pieces: &[Piece<'_>], at: usize) {
        let piece = &pieces[at];
        self.comments(piece);
        if piece.kind == TokenKind::End {
            return;
        }
        let word = if piece.kind == TokenKind::Word {
            piece.text
        } else {
            ""
        };
        let before = at.checked_sub(1).map(|at| &pieces[at]);
        if self.at_statement() && piece.text != ";" {
            self.begin(piece, word);
        } else {
            self.place(pieces, at, word);
        }
        self.write(piece.text);
        self.after(pieces, at, word, before);
    }

    /// The first token of a statement.
    fn begin(&mut self, piece: &Piece<'_>, word: &str) {
        if matches!(word, "END" | "ELSE" | "ELSEIF") {
            self.blocks = self.blocks.saturating_sub(1);
        }
        let blank = piece.lines > 1 && !self.out.is_empty();
        if blank {
            self.blank_line();
        }
        self.newline(self.base());
        self.frames.push(Frame {
            level: Level::Statement,
            indent: self.base() + STEP,
            items: None,
            opens_list: false,
        });
    }

    /// What stands between the token and the one before it.
    fn place(&mut self, pieces: &[Piece<'_>], at: usize, word: &str) {
        let (piece, before) = (&pieces[at], &pieces[at - 1]);
        let previous = if before.kind == TokenKind::Word {
            before.text
        } else {
            ""
        };
        let (level, indent) = match self.frames.last() {
            Some(frame) => (frame.level, frame.indent),
            None => (Level::Statement, self.base()),
        };
        let open = matches!(level, Level::Statement | Level::Query);
        if piece.text == ")" && level == Level::Query {
            self.newline(indent.saturating_sub(STEP));
            return;
        }
        let is_clause = open
            && (CLAUSES.contains(&word) && begins_clause(word, previous)
                || JOINS.contains(&word) && !JOINS.contains(&previous) && is_join(pieces, at));
        if word == "BEGIN" && open {
            self.newline(self.base());
        } else if is_clause {
            self.newline(indent);
            if let Some(frame) = self.frames.last_mut() {
                frame.items = None;
            }
        } else if before.text == "(" && level == Level::Query {
            self.newline(indent);
        } else if before.text == "," && open && self.list().is_some() {
            self.newline(self.continued());
        } else if piece.lines > 0
            && (before.text == "," || matches!(piece.text, "AND" | "OR" | "&&" | "||"))
        {
            // The author's choice, where no rule says anything.
            let deeper = if open { STEP / 2 + 4 } else { 0 };
            self.newline(indent + deeper);
        } else if self.fresh {
            self.newline(self.continued());
        } else if spaced(pieces, at) {
            self.write(" ");
        }
        let column = self.column;
        if let Some(frame) = self.frames.last_mut()
            && frame.opens_list
            && word != "DISTINCT"
        {
            frame.opens_list = false;
            frame.items = Some(column);
        }
    }

    fn list(&self) -> Option<usize> {
        self.frames.last().and_then(|frame| frame.items)
    }

    /// What a token opens and closes.
    fn after(&mut self, pieces: &[Piece<'_>], at: usize, word: &str, before: Option<&Piece<'_>>) {
        let level = self.frames.last().map(|frame| frame.level);
        let open = matches!(level, Some(Level::Statement | Level::Query));
        if open
            && LISTS.contains(&word)
            && let Some(frame) = self.frames.last_mut()
        {
            frame.opens_list = true;
        }
        match pieces[at].text {
            "(" | "{" | "[" if pieces[at].kind == TokenKind::Punct => {
                let query = pieces[at].text == "("
                    && pieces.get(at + 1).is_some_and(|next| {
                        next.kind == TokenKind::Word && QUERIES.contains(&next.text)
                    });
                let (level, indent) = if query {
                    (Level::Query, self.line_indent + STEP)
                } else {
                    (Level::Parentheses, self.line_indent + STEP)
                };
                self.frames.push(Frame {
                    level,
                    indent,
                    items: None,
                    opens_list: false,
                });
            }
            ")" | "}" | "]" if pieces[at].kind == TokenKind::Punct => {
                if matches!(level, Some(Level::Parentheses | Level::Query)) {
                    self.frames.pop();
                }
            }
            ";" if level.is_none_or(|level| level == Level::Statement) => {
                self.frames.clear();
                self.fresh = true;
            }
            "CASE" if !word.is_empty() => {
                let indent = self.line_indent + STEP;
                self.frames.push(Frame {
                    level: Level::Case,
                    indent,
                    items: None,
                    opens_list: false,
                });
            }
            "END" if level == Some(Level::Case) => {
                self.frames.pop();
            }
            "BEGIN" | "THEN" | "ELSE" if level == Some(Level::Statement) => {
                let is_else =
                    word == "ELSE" && before.is_none_or(|it| it.text != ";" && it.text != "THEN");
                if !word.is_empty() && !is_else {
                    self.frames.clear();
                    self.blocks += 1;
                    self.fresh = true;
                }
            }
            _ => {}
        }
    }

    fn finish(mut self) -> String {
        if self.column > 0 {
            self.out.push('\n');
        }
        self.out
    }
}

/// Whether a clause's word begins one here.
fn begins_clause(word: &str, previous: &str) -> bool {
    match word {
        "UNION" => previous != "OUTER",
        "TO" => previous != "MOVE",
        "GROUP" => previous != "WITHIN",
        _ => true,
    }
}

/// Whether a join's word belongs to a join: LEFT may be a name, HASH a distribution.
fn is_join(pieces: &[Piece<'_>], at: usize) -> bool {
    let mut words = pieces[at..].iter().take_while(|piece| {
        piece.kind == TokenKind::Word && (JOINS.contains(&piece.text) || piece.text == "UNION")
    });
    words.any(|piece| {
        matches!(
            piece.text,
            "JOIN" | "SEMIJOIN" | "ANTISEMIJOIN" | "APPLY" | "PIVOT" | "UNPIVOT" | "UNION"
        )
    })
}

/// Whether a value ends with this token.
fn is_operand(piece: &Piece<'_>) -> bool {
    match piece.kind {
        TokenKind::Punct => matches!(piece.text, ")" | "]" | "}"),
        TokenKind::Word => {
            !APART.contains(&piece.text)
                && !CLAUSES.contains(&piece.text)
                && !matches!(piece.text, "return" | "RETURN" | "is" | "as" | "in")
        }
        _ => true,
    }
}

/// Whether a blank stands between the token and the one before it.
fn spaced(pieces: &[Piece<'_>], at: usize) -> bool {
    let (piece, before) = (&pieces[at], &pieces[at - 1]);
    let operators = |piece: &Piece<'_>| piece.kind == TokenKind::Punct;
    let (text, last) = (
        if operators(piece) { piece.text } else { "" },
        if operators(before) { before.text } else { "" },
    );
    // What is one operator for the parser is two tokens.
    if last == ">" && matches!(text, ">" | "=") && piece.joined {
        return false;
    }
    // `>=` is two tokens as well.
    if last == "=" && before.joined && at > 1 && pieces[at - 2].text == ">" {
        return !piece.joined;
    }
    if matches!(text, "," | ";" | ")" | "]" | ".") || matches!(last, "(" | "[" | "." | "!" | "~") {
        return false;
    }
    if last == "," || last == ";" {
        return true;
    }
    let unary = |at: usize| {
        matches!(pieces[at].text, "-" | "+") && (at == 0 || !is_operand(&pieces[at - 1]))
    };
    if matches!(last, "-" | "+") && unary(at - 1) {
        return false;
    }
    if text == "(" {
        return match before.kind {
            TokenKind::Word => APART.contains(&before.text),
            TokenKind::Punct if last == ")" => !piece.joined,
            TokenKind::Punct => !matches!(last, ">") || !piece.joined,
            _ => false,
        };
    }
    if text == "[" {
        return !is_operand(before);
    }
    // The signs that have several meanings stand as the author wrote them.
    let ambiguous = |text: &str| matches!(text, "<" | ">" | "?" | ":" | "*" | "&" | "{" | "}");
    if ambiguous(text) || ambiguous(last) || last == ")" && text.is_empty() {
        return !piece.joined;
    }
    true
}

#[cfg(test)]
mod tests;
