//! EXEC: procedures with arguments, text, and WITH RESULT SETS.

use datafusion::sql::sqlparser::{
    ast::{Expr, Ident},
    keywords::Keyword,
    tokenizer::{Token, Word},
};

use super::{
    Argument, ArgumentValue, Execute, ExecuteTarget, ResultSets,
    cursor::{BatchParser, Result},
};

/// What follows EXEC.
pub(super) fn execute(batch: &mut BatchParser) -> Result<Execute> {
    if batch.peek().token == Token::LParen {
        batch.parser.next_token();
        let text = batch.expr()?;
        batch.expect_token(&Token::RParen)?;
        return Ok(Execute {
            target: ExecuteTarget::Text(Box::new(text)),
            arguments: Vec::new(),
            status: None,
            result_sets: with_clause(batch)?,
        });
    }
    let mut status = None;
    if batch.peek_variable().is_some() {
        status = Some(batch.variable()?);
        batch.expect_token(&Token::Eq)?;
    }
    let mut call = call(batch)?;
    call.status = status;
    Ok(call)
}

/// A procedure's name with its arguments.
pub(super) fn call(batch: &mut BatchParser) -> Result<Execute> {
    let procedure = batch.name()?;
    let mut arguments = Vec::new();
    if !batch.ends_statement() {
        arguments.push(argument(batch)?);
        while batch.parser.consume_token(&Token::Comma) {
            arguments.push(argument(batch)?);
        }
    }
    Ok(Execute {
        target: ExecuteTarget::Procedure(procedure),
        arguments,
        status: None,
        result_sets: with_clause(batch)?,
    })
}

fn argument(batch: &mut BatchParser) -> Result<Argument> {
    let mut name = None;
    if batch.peek_variable().is_some() && batch.parser.peek_nth_token(1).token == Token::Eq {
        name = Some(batch.variable()?);
        batch.parser.next_token();
    }
    let value = value(batch)?;
    let output = batch.accept(&["OUTPUT"]) || batch.accept(&["OUT"]);
    Ok(Argument {
        name,
        value,
        output,
    })
}

fn value(batch: &mut BatchParser) -> Result<ArgumentValue> {
    if batch.accept(&["DEFAULT"]) {
        return Ok(ArgumentValue::Default);
    }
    // A variable must not be read as an expression: `@a OUTPUT` would become an alias to some readers, and nothing
    // may follow it anyway.
    if batch.peek_variable().is_some() {
        let name = batch.variable()?;
        return Ok(ArgumentValue::Expr(Box::new(Expr::Identifier(Ident::new(
            name,
        )))));
    }
    // A bare word is a string: `EXEC sp_help t`, and the `True` that sqlmlutils sends.
    if let Token::Word(Word {
        value,
        quote_style: None,
        keyword,
    }) = batch.parser.peek_token().token
        && keyword != Keyword::NULL
    {
        batch.parser.next_token();
        let text = datafusion::sql::sqlparser::ast::Value::NationalStringLiteral(value);
        return Ok(ArgumentValue::Expr(Box::new(Expr::Value(text.into()))));
    }
    Ok(ArgumentValue::Expr(Box::new(batch.expr()?)))
}

fn with_clause(batch: &mut BatchParser) -> Result<ResultSets> {
    if batch.accept(&["WITH", "RECOMPILE"]) || !batch.accept(&["WITH", "RESULT", "SETS"]) {
        return Ok(ResultSets::Undefined);
    }
    if batch.accept(&["UNDEFINED"]) {
        return Ok(ResultSets::Undefined);
    }
    if batch.accept(&["NONE"]) {
        return Ok(ResultSets::None);
    }
    batch.expect_token(&Token::LParen)?;
    let mut sets = Vec::new();
    loop {
        batch.expect_token(&Token::LParen)?;
        let mut columns = vec![batch.column()?];
        while batch.parser.consume_token(&Token::Comma) {
            columns.push(batch.column()?);
        }
        batch.expect_token(&Token::RParen)?;
        sets.push(columns);
        if !batch.parser.consume_token(&Token::Comma) {
            break;
        }
    }
    batch.expect_token(&Token::RParen)?;
    Ok(ResultSets::Defined(sets))
}
