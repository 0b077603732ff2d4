//! "Generate data access code": programs that read a dataset, as the web page printed them.
//!
//! Text in, text out; nothing here makes a request.

use azure_core::http::Url;

use crate::client::Client;
use crate::models::User;
use crate::{DataTypeId, Error, IntermediateDataset, Result, SourceDataset};

/// A programming language that data access code can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeLanguage {
    /// Python, for the package `azureml`.
    Python,
    /// Rust, for the crate `azml`.
    Rust,
}

/// What the code reads.
#[derive(Clone, Copy)]
enum Target<'a> {
    Dataset {
        name: &'a str,
    },
    Output {
        experiment_id: &'a str,
        node_id: &'a str,
        port_name: &'a str,
        data_type_id: &'a DataTypeId,
    },
}

impl SourceDataset {
    /// A program that reads this dataset into a frame, found by its name.
    ///
    /// The text holds the workspace's token: whoever has it has full access to the workspace. Show
    /// it to owners only, see [`User::require_owner`].
    ///
    /// # Errors
    /// [`Error::UnsupportedDataType`] for a type that the original client cannot read as a frame.
    pub fn access_code(&self, language: CodeLanguage) -> Result<String> {
        let target = Target::Dataset { name: self.name() };
        generate(self.client(), self.data_type_id(), target, language)
    }
}

impl IntermediateDataset {
    /// A program that reads this output into a frame; otherwise as
    /// [`SourceDataset::access_code`].
    ///
    /// # Errors
    /// [`Error::UnsupportedDataType`] for a type that the original client cannot read as a frame.
    pub fn access_code(&self, language: CodeLanguage) -> Result<String> {
        let target = Target::Output {
            experiment_id: self.experiment_id(),
            node_id: self.node_id(),
            port_name: self.port_name(),
            data_type_id: self.data_type_id(),
        };
        generate(self.client(), self.data_type_id(), target, language)
    }
}

impl User {
    /// Refuses people who may not see tokens and data access code.
    ///
    /// # Errors
    /// [`Error::OwnerOnly`] if the person is not an owner; its hint says how to become one.
    pub fn require_owner(&self) -> Result<()> {
        if self.is_owner() {
            return Ok(());
        }
        Err(Error::OwnerOnly {
            user: self.user.email.clone(),
        })
    }
}

fn generate(
    client: &Client,
    data_type_id: &DataTypeId,
    target: Target<'_>,
    language: CodeLanguage,
) -> Result<String> {
    // What frames can be written as is exactly what the original client reads as frames.
    if !data_type_id.is_frame_writable() {
        return Err(Error::UnsupportedDataType {
            id: data_type_id.to_string(),
        });
    }
    Ok(match language {
        CodeLanguage::Python => python(client, target),
        CodeLanguage::Rust => rust(client, target),
    })
}

fn python(client: &Client, target: Target<'_>) -> String {
    let open = format!(
        "from azureml import Workspace
ws = Workspace(
    workspace_id={id},
    authorization_token={token},
    endpoint={endpoint}
)
",
        id = python_text(client.workspace_id()),
        token = python_text(client.credential().token().expose()),
        endpoint = python_text(endpoint_text(client.endpoint())),
    );
    let find = match target {
        Target::Dataset { name } => format!("ds = ws.datasets[{}]\n", python_text(name)),
        Target::Output {
            experiment_id,
            node_id,
            port_name,
            data_type_id,
        } => format!(
            "experiment = ws.experiments[{experiment}]
ds = experiment.get_intermediate_dataset(
    node_id={node},
    port_name={port},
    data_type_id={data_type}
)
",
            experiment = python_text(experiment_id),
            node = python_text(node_id),
            port = python_text(port_name),
            data_type = python_text(data_type_id.as_str()),
        ),
    };
    format!("{open}{find}frame = ds.to_dataframe()\n")
}

fn rust(client: &Client, target: Target<'_>) -> String {
    let find = match target {
        Target::Dataset { name } => format!("ws.datasets().get({name:?}).await?;"),
        Target::Output {
            experiment_id,
            node_id,
            port_name,
            data_type_id,
        } => format!(
            "ws
        .experiments()
        .get({experiment_id:?})
        .await?
        .get_intermediate_dataset({node_id:?}, {port_name:?}, {data_type:?})?;",
            data_type = data_type_id.as_str(),
        ),
    };
    format!(
        r#"use azml::studio_classic::Workspace;

#[tokio::main]
async fn main() -> azml::Result<()> {{
    let ws = Workspace::builder()
        .id({id:?})
        .token({token:?})
        .endpoint({endpoint:?})
        .build()?;
    let ds = {find}
    let frame = ds.read().await?;
    println!("{{}} rows, {{}} columns", frame.num_rows(), frame.num_columns());
    Ok(())
}}
"#,
        id = client.workspace_id(),
        token = client.credential().token().expose(),
        endpoint = endpoint_text(client.endpoint()),
    )
}

/// The address as the web page printed it, without a slash at its end; the original client would
/// lose the last segment of a path that has none there.
fn endpoint_text(endpoint: &Url) -> &str {
    match endpoint.path() {
        "/" => endpoint.as_str().trim_end_matches('/'),
        _ => endpoint.as_str(),
    }
}

/// A Python literal in single quotes.
fn python_text(text: &str) -> String {
    let mut literal = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => literal.extend(['\\', c]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            c if c.is_control() => literal.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => literal.push(c),
        }
    }
    literal.push('\'');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workspace;
    use crate::models::{DataSource, UserDetails};

    fn client(endpoint: &str) -> Client {
        let workspace = Workspace::builder()
            .id("4c29e1adeba2e5a7cbeb0e4f4adfb4df")
            .token("f4f3ade2c6aefdb1afb043cd8bcf3daf")
            .endpoint(endpoint)
            .home("/nonexistent")
            .build();
        workspace.expect("complete").client().clone()
    }

    fn dataset(endpoint: &str, name: &str, data_type_id: &str) -> SourceDataset {
        let info = DataSource {
            name: name.to_owned(),
            data_type_id: data_type_id.to_owned(),
            ..DataSource::default()
        };
        SourceDataset::new(client(endpoint), info)
    }

    const ENDPOINT: &str = "https://studioapi.azureml.net/api";

    #[test]
    fn python_for_a_dataset() {
        // studio S-160
        let code =
            dataset(ENDPOINT, "Bike's\\Rental", "GenericCSV").access_code(CodeLanguage::Python);
        assert_eq!(
            code.expect("supported"),
            r"from azureml import Workspace
ws = Workspace(
    workspace_id='4c29e1adeba2e5a7cbeb0e4f4adfb4df',
    authorization_token='f4f3ade2c6aefdb1afb043cd8bcf3daf',
    endpoint='https://studioapi.azureml.net'
)
ds = ws.datasets['Bike\'s\\Rental']
frame = ds.to_dataframe()
"
        );
    }

    fn output(data_type_id: &str) -> IntermediateDataset {
        IntermediateDataset::new(
            client(ENDPOINT),
            "w.f-id.22222222222222222222222222222222".to_owned(),
            "5c457225-68e3-4b60-9e3a-bc55f9f029a4-565".to_owned(),
            "Results dataset".to_owned(),
            data_type_id.into(),
        )
        .expect("complete")
    }

    #[test]
    fn python_for_an_output() {
        // studio S-160
        let code = output("GenericCSV")
            .access_code(CodeLanguage::Python)
            .expect("supported");
        assert_eq!(
            code,
            "from azureml import Workspace
ws = Workspace(
    workspace_id='4c29e1adeba2e5a7cbeb0e4f4adfb4df',
    authorization_token='f4f3ade2c6aefdb1afb043cd8bcf3daf',
    endpoint='https://studioapi.azureml.net'
)
experiment = ws.experiments['w.f-id.22222222222222222222222222222222']
ds = experiment.get_intermediate_dataset(
    node_id='5c457225-68e3-4b60-9e3a-bc55f9f029a4-565',
    port_name='Results dataset',
    data_type_id='GenericCSV'
)
frame = ds.to_dataframe()
"
        );
    }

    #[test]
    fn rust_says_the_same() {
        let code = dataset(ENDPOINT, "a \"b\" \\", "PlainText").access_code(CodeLanguage::Rust);
        assert_eq!(
            code.expect("supported"),
            r#"use azml::studio_classic::Workspace;

#[tokio::main]
async fn main() -> azml::Result<()> {
    let ws = Workspace::builder()
        .id("4c29e1adeba2e5a7cbeb0e4f4adfb4df")
        .token("f4f3ade2c6aefdb1afb043cd8bcf3daf")
        .endpoint("https://studioapi.azureml.net")
        .build()?;
    let ds = ws.datasets().get("a \"b\" \\").await?;
    let frame = ds.read().await?;
    println!("{} rows, {} columns", frame.num_rows(), frame.num_columns());
    Ok(())
}
"#
        );
        let code = output("GenericTSV")
            .access_code(CodeLanguage::Rust)
            .expect("supported");
        assert!(
            code.contains(
                "    let ds = ws
        .experiments()
        .get(\"w.f-id.22222222222222222222222222222222\")
        .await?
        .get_intermediate_dataset(\"5c457225-68e3-4b60-9e3a-bc55f9f029a4-565\", \"Results dataset\", \"GenericTSV\")?;\n"
            ),
            "{code}"
        );
    }

    #[test]
    fn other_types_are_refused_with_advice() {
        for refused in [
            dataset(ENDPOINT, "x", "ARFF").access_code(CodeLanguage::Python),
            output("Dataset").access_code(CodeLanguage::Python),
            output("Dataset").access_code(CodeLanguage::Rust),
        ] {
            let error = refused.expect_err("unsupported");
            assert!(
                matches!(error, Error::UnsupportedDataType { .. }),
                "{error}"
            );
            assert!(
                error
                    .hint()
                    .is_some_and(|hint| hint.contains("Convert to CSV"))
            );
        }
    }

    #[test]
    fn only_owners_may_see_code() {
        let mut user = User {
            user: UserDetails {
                email: "a@b".to_owned(),
                role: "User".to_owned(),
                ..UserDetails::default()
            },
            ..User::default()
        };
        let error = user.require_owner().expect_err("no owner");
        assert!(error.to_string().contains("a@b"), "{error}");
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("invite them again as an owner"))
        );
        user.user.role = "Owner".to_owned();
        assert!(user.require_owner().is_ok());
    }

    #[test]
    fn endpoints_keep_a_path_and_text_its_line() {
        for (endpoint, shown) in [
            ("http://127.0.0.1:10010/", "'http://127.0.0.1:10010'"),
            ("http://127.0.0.1:10010/x", "'http://127.0.0.1:10010/x/'"),
        ] {
            let code = dataset(endpoint, "a\n\0é", "GenericCSV").access_code(CodeLanguage::Python);
            let code = code.expect("supported");
            assert!(code.contains(shown), "{code}");
            assert!(code.contains(r"ws.datasets['a\n\x00é']"), "{code}");
        }
    }
}
