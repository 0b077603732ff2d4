//! Assemblies: their bytes are kept and their names known; their code does not run here.

use azml_usql_syntax::Span;
use azml_usql_syntax::{Code, ast};

use super::expr::ExprBinder;
use super::scope::Scope;
use super::script::ScriptBinder;
use super::{BResult, Environment};
use crate::catalog::{Assembly, AssemblyFile, Change, assembly_file};
use crate::cs::{Type, Value};
use crate::store::StorePath;

impl ScriptBinder {
    /// `CREATE ASSEMBLY name FROM path | bytes WITH ADDITIONAL_FILES = (…)`.
    pub(super) fn create_assembly(
        &mut self,
        create: &ast::Create,
        from: &ast::Expr,
        additional: &[(ast::Expr, Option<ast::Expr>)],
    ) -> BResult<()> {
        let (database, name) = self.env.names.in_database(&create.name);
        let Some(found) = self.env.catalog.databases.get(&database) else {
            return self.missing_object(&create.name, "database");
        };
        if found.assemblies.contains_key(&name) {
            return if create.if_not_exists {
                Ok(())
            } else {
                self.exists_already("assembly", &create.name)
            };
        }
        let mut assembly = Assembly {
            source: "bytes".to_owned(),
            files: Vec::new(),
        };
        let scope = Scope::default();
        let mut binder = ExprBinder::new(&mut self.env, &scope);
        let bound = binder.bind(from)?;
        match (binder.fold(&bound, from.span)?, &bound.ty) {
            (Value::String(path), Type::String) => {
                assembly.source = path.to_string();
                let file = format!("{name}.dll");
                self.kept(&mut assembly, (&database, &name), &path, file, from.span)?;
            }
            (Value::Bytes(bytes), _) => {
                let path = assembly_file(&database, &name);
                assembly.files.push(AssemblyFile {
                    name: format!("{name}.dll"),
                    length: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                    path: path.clone(),
                });
                self.contents.push(Change::Write(path, bytes.to_vec()));
            }
            _ => {
                let message = "An assembly comes FROM a path or from bytes.";
                return self.env.error(
                    Code::E_CSC_USER_INVALIDEXPRESSIONSYNTAX,
                    from.span,
                    message,
                );
            }
        }
        for (path, alias) in additional {
            let text = self.constant_text(path)?;
            let file = match alias {
                Some(alias) => self.constant_text(alias)?,
                None => last_part(&text).to_owned(),
            };
            if assembly.files.iter().any(|known| known.name == file) {
                let message = format!("The assembly '{name}' has several files named '{file}'.");
                return self.env.error(
                    Code::E_CSC_USER_CONFLICTINGASSEMBLYFILE,
                    path.span,
                    message,
                );
            }
            self.kept(&mut assembly, (&database, &name), &text, file, path.span)?;
        }
        if let Some(found) = self.env.catalog.databases.get_mut(&database) {
            found.assemblies.insert(name, assembly);
        }
        Ok(())
    }

    /// Has a file of the store copied for an assembly. When nothing is to run, only its name is
    /// known.
    fn kept(
        &mut self,
        assembly: &mut Assembly,
        (database, owner): (&str, &str),
        text: &str,
        file: String,
        span: Span,
    ) -> BResult<()> {
        let info = self.env.file_info(text, span)?;
        let (Some(from), Some(info)) = (StorePath::parse(text), info) else {
            if self.env.files.is_none() {
                return Ok(());
            }
            let message = format!("The file '{text}' of the assembly '{owner}' does not exist.");
            return self
                .env
                .error(Code::E_CSC_USER_INPUTFILENOTFOUND, span, message);
        };
        let path = assembly_file(database, owner);
        assembly.files.push(AssemblyFile {
            name: file,
            length: info.length,
            path: path.clone(),
        });
        self.contents.push(Change::Copy(from, path));
        Ok(())
    }

    /// `REFERENCE ASSEMBLY name`. Those that came with the service need no registration.
    pub(super) fn reference(&mut self, system: bool, name: &ast::ObjectName) {
        let (database, assembly) = self.env.names.in_database(name);
        let known = system
            || self
                .env
                .catalog
                .databases
                .get(&database)
                .is_some_and(|db| db.assemblies.contains_key(&assembly));
        if !known && !SHIPPED.contains(&assembly.as_str()) {
            let message = format!(
                "The assembly '{name}' is not registered; names from it are errors where they are used."
            );
            self.env.warn(Code::W_CSC_USER_IGNORED, name.span, message);
        }
        if !system {
            self.env.assemblies.push(assembly);
        }
    }

    /// `DEPLOY RESOURCE`: files for the working folder of scripts.
    pub(super) fn deploy(&mut self, paths: &[ast::Expr]) -> BResult<()> {
        for path in paths {
            let text = self.constant_text(path)?;
            let known = self.env.file_info(&text, path.span)?.is_some() || self.env.files.is_none();
            if !known {
                let message = format!("The resource '{text}' does not exist.");
                return self
                    .env
                    .error(Code::E_CSC_USER_INPUTFILENOTFOUND, path.span, message);
            }
            let Some(store_path) = StorePath::parse(&text) else {
                continue;
            };
            let name = last_part(store_path.as_str()).to_owned();
            match self.resources.get(&name) {
                Some(other) if *other != store_path => {
                    let message = format!(
                        "The resource '{name}' is deployed from '{other}' and from '{store_path}'."
                    );
                    return self.env.error(
                        Code::E_CSC_USER_SAMERESOURCEWITHDIFFERENTPATH,
                        path.span,
                        message,
                    );
                }
                _ => {
                    self.resources.insert(name, store_path);
                }
            }
        }
        Ok(())
    }
}

impl Environment {
    /// A class that no assembly of this engine has: custom code.
    pub(super) fn foreign_class<T>(&mut self, class: &str, span: Span) -> BResult<T> {
        let message = format!(
            "C# error CS0246: The type or namespace name '{class}' could not be found (are you missing a using directive or an assembly reference?)"
        );
        let hint = if class.starts_with("Cognition.") || class.contains(".Cognition.") {
            format!("UDO not available: '{class}' ran models of the service, which are not here")
        } else {
            match self.assemblies.as_slice() {
                [] => "custom C# code does not run here".to_owned(),
                names => format!(
                    "the code of the referenced assembl{} {} does not run here",
                    if names.len() == 1 { "y" } else { "ies" },
                    names.join(", ")
                ),
            }
        };
        self.error(
            Code::E_CSC_USER_INVALIDCSHARP,
            span,
            format!("{message}: {hint}"),
        )
    }
}

/// Assemblies that every account had.
const SHIPPED: &[&str] = &[
    "ExtPython",
    "ExtR",
    "FaceSdk",
    "ImageCommon",
    "ImageEmotion",
    "ImageOcr",
    "ImageTagging",
    "TextCommon",
    "TextKeyPhrase",
    "TextSentiment",
];

/// The name of a file.
fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
