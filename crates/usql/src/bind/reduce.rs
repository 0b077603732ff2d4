//! REDUCE: which columns go in, which come out, and what code is between.

use azml_usql_syntax::Span;
use azml_usql_syntax::{Code, ast};

use super::BResult;
use super::expr::ExprBinder;
use super::scope::Scope;
use super::script::ScriptBinder;
use super::udo::{udo_args, udo_class};
use crate::cs::{Type, Value};
use crate::expr::Kind;
use crate::python::{PythonReducer, PythonSource};
use crate::rel::{Column, Node, Rel, Relation};

impl ScriptBinder {
    pub(super) fn reduce(&mut self, reduce: &ast::Reduce, span: Span) -> BResult<Rel> {
        let produce = &reduce.produce;
        let class = udo_class(&produce.using);
        if class.ends_with("Extension.R.Reducer") {
            return self
                .env
                .unsupported(produce.using.span, "R code in 'Extension.R.Reducer'");
        }
        if !class.ends_with("Extension.Python.Reducer") {
            return self.env.foreign_class(&class, produce.using.span);
        }
        let input = self.query(&reduce.input.query)?;
        let qualifier = reduce.input.alias.as_ref().map(|alias| alias.text.as_str());
        let scope = Self::scope_of(&input, qualifier);
        let mut keys = Vec::with_capacity(reduce.on.len());
        for name in &reduce.on {
            let at = self.place(&input, name)?;
            self.check_comparable(&input.columns[at].ty, name.span, "ON")?;
            keys.push(at);
        }
        let mut presort = Vec::with_capacity(reduce.presort.len());
        for (key, written) in self
            .sort_keys(&reduce.presort, &scope)?
            .into_iter()
            .zip(&reduce.presort)
        {
            let Kind::Column(at) = key.expr.kind else {
                let message = format!(
                    "Invalid expression: '{}'. PRESORT takes columns",
                    written.expr
                );
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    written.expr.span,
                    message,
                );
            };
            presort.push((at, key.descending));
        }
        let columns = self.produced(&produce.columns, &input)?;
        self.check_names(&columns, span)?;
        for (column, place) in input
            .columns
            .iter()
            .map(|column| (column, reduce.input.query.span))
            .chain(columns.iter().map(|column| (column, span)))
        {
            if matches!(column.ty, Type::SqlArray(_) | Type::SqlMap(..)) {
                let message = format!(
                    "'{}' cannot be used as column type. The Python reducer does not take the column '{}'.",
                    column.ty, column.name
                );
                return self
                    .env
                    .error(Code::E_CSC_USER_INVALIDCOLUMNTYPE, place, message);
            }
        }
        let read_only = self.read_only(produce.read_only.as_ref(), &columns, &input, &keys)?;
        if !produce.sorted_by.is_empty() {
            let message = "SORTED BY behind PRODUCE has no effect here";
            self.env.warn(Code::W_CSC_USER_IGNORED, span, message);
        }
        let script = self.python_source(&produce.using)?;
        let resources = self
            .resources
            .iter()
            .map(|(name, path)| (name.clone(), path.clone()));
        let reducer = PythonReducer {
            script,
            resources: resources.collect(),
            keys,
            presort,
            read_only,
        };
        Ok(Rel::new(Relation {
            node: Node::Reduce(input, reducer),
            columns,
        }))
    }

    fn place(&mut self, input: &Rel, name: &ast::Ident) -> BResult<usize> {
        let found = input
            .columns
            .iter()
            .position(|column| column.name == name.text);
        match found {
            Some(at) => Ok(at),
            None => {
                let message = format!("The rowset has no column '{}'.", name.text);
                self.env
                    .error(Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX, name.span, message)
            }
        }
    }

    /// The columns behind PRODUCE; one without type is the input's of its name.
    fn produced(&mut self, written: &[ast::ProduceColumn], input: &Rel) -> BResult<Vec<Column>> {
        let mut columns = Vec::with_capacity(written.len());
        for column in written {
            let ty = match &column.ty {
                Some(ty) => self.column_type(ty)?,
                None => {
                    let at = self.place(input, &column.name)?;
                    input.columns[at].ty.clone()
                }
            };
            columns.push(Column {
                name: column.name.text.clone(),
                ty,
            });
        }
        Ok(columns)
    }

    /// READONLY: columns of the result that are keys, which the engine passes on.
    fn read_only(
        &mut self,
        names: Option<&ast::Names>,
        columns: &[Column],
        input: &Rel,
        keys: &[usize],
    ) -> BResult<Vec<(usize, usize)>> {
        let pair = |name: &str| {
            let at = columns.iter().position(|column| column.name == name)?;
            let key = keys
                .iter()
                .copied()
                .find(|key| input.columns[*key].name == name)?;
            (columns[at].ty == input.columns[key].ty).then_some((at, key))
        };
        match names {
            None => Ok(Vec::new()),
            Some(ast::Names::All) => Ok(columns
                .iter()
                .filter_map(|column| pair(&column.name))
                .collect()),
            Some(ast::Names::List(names)) => {
                let mut pairs = Vec::with_capacity(names.len());
                for name in names {
                    let Some(pair) = pair(&name.text) else {
                        let message =
                            format!("Column '{}' cannot be marked as READONLY", name.text);
                        return self.env.error_with_hint(
                            Code::E_CSC_USER_UDOREADONLYNOTKEYCOLUMN,
                            name.span,
                            message,
                            "only columns behind ON pass through a reducer unchanged",
                        );
                    };
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }
    }

    /// `pyScript`: the code, or the name of a deployed file that holds it.
    fn python_source(&mut self, using: &ast::Expr) -> BResult<PythonSource> {
        let args = udo_args(using);
        let arg = match args {
            [arg] if arg.name.as_ref().is_none_or(|name| name.text == "pyScript") => arg,
            [arg, ..]
                if arg
                    .name
                    .as_ref()
                    .is_some_and(|name| name.text != "pyScript") =>
            {
                let name = arg.name.as_ref().map_or("", |name| name.text.as_str());
                let message = format!(
                    "C# error CS1739: The best overload for 'Reducer' does not have a parameter named '{name}'"
                );
                return self
                    .env
                    .error(Code::E_CSC_USER_INVALIDCSHARP, arg.value.span, message);
            }
            _ => {
                let message = format!(
                    "C# error CS1501: No overload for method 'Reducer' takes {} arguments",
                    args.len()
                );
                return self
                    .env
                    .error(Code::E_CSC_USER_INVALIDCSHARP, using.span, message);
            }
        };
        let scope = Scope::default();
        let value = ExprBinder::new(&mut self.env, &scope).constant(&arg.value, &Type::String)?;
        let Value::String(text) = value else {
            let message = "The Python code cannot be null.";
            return self.env.error(
                Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                arg.value.span,
                message,
            );
        };
        if self.resources.contains_key(&*text) {
            return Ok(PythonSource::Resource(text.to_string()));
        }
        let is_file = text.ends_with(".py") && !text.contains('\n');
        if is_file {
            let message = format!("The file '{text}' is not deployed.");
            return self.env.error_with_hint(
                Code::E_CSC_USER_INPUTFILENOTFOUND,
                arg.value.span,
                message,
                format!("write DEPLOY RESOURCE \"/…/{text}\"; before it"),
            );
        }
        Ok(PythonSource::Text(text.to_string()))
    }
}
