//! A table as the output of a data step. A new table is filled under another name and gets its own in the end, so that
//! nobody sees half of it and the old one is there until then.

use arrow::{array::RecordBatch, datatypes::SchemaRef};

use super::Append;
use crate::{
    ddl::{self, Typing},
    error::{Error, Result},
    identifier::{TableName, quote_text},
    session::Session,
    sql_server_data::RxSqlServerData,
};

/// A table that is being written.
pub(super) struct TableOutput {
    session: Session,
    target: TableName,
    string_type: Option<String>,
    /// The table that the rows go to until the end; `None` when they are appended.
    side: Option<Side>,
    replaces: bool,
}

struct Side {
    name: TableName,
    /// The columns, once it is there.
    schema: Option<SchemaRef>,
}

impl TableOutput {
    /// Checks what is there.
    pub(super) async fn open(
        output: &RxSqlServerData,
        overwrite: bool,
        append: Append,
    ) -> Result<Self> {
        let target = output.target()?.clone();
        let mut session = output.session().await?;
        let exists = session.has_table(&target).await?;
        match append {
            Append::Rows if !exists => {
                return Err(Error::InvalidArgument(format!(
                    "table {target} is not there to append to"
                )));
            }
            Append::None if exists && !overwrite => {
                return Err(Error::OutputExists(target.name().to_owned()));
            }
            _ => {}
        }
        let side = (append == Append::None).then(|| Side {
            name: target.sibling(format!("azml_{}", uuid::Uuid::new_v4().simple())),
            schema: None,
        });
        Ok(Self {
            session,
            target,
            string_type: output.string_type().map(str::to_owned),
            side,
            replaces: exists,
        })
    }

    /// Writes rows. The first call decides the columns of a new table.
    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let typing = Typing {
            string_type: self.string_type.as_deref(),
        };
        let batches = std::slice::from_ref(batch);
        let Some(side) = &mut self.side else {
            return self.session.load(&self.target, batches).await.map(drop);
        };
        match &side.schema {
            None => {
                let create = ddl::create_table(&side.name, &batch.schema(), batches, typing)?;
                self.session.execute(&create).await?;
                side.schema = Some(batch.schema());
            }
            Some(schema) if schema.fields().len() != batch.num_columns() => {
                return Err(Error::InvalidData(
                    "the pieces of the output have different columns".to_owned(),
                ));
            }
            Some(_) => {}
        }
        if batch.num_rows() > 0 {
            self.session.load(&side.name, batches).await?;
        }
        Ok(())
    }

    /// Gives the new table its name.
    pub(super) async fn finish(mut self) -> Result<()> {
        let Some(side) = &self.side else {
            return Ok(());
        };
        let name = side.name.clone();
        let drop = if self.replaces {
            format!("DROP TABLE {}; ", self.target)
        } else {
            String::new()
        };
        let swap = format!(
            "SET XACT_ABORT ON; BEGIN TRANSACTION; {drop}EXEC {}sp_rename @objname = {}, @newname = {}; COMMIT TRANSACTION",
            self.target.procedure_prefix(),
            quote_text(&name.to_string()),
            quote_text(self.target.name()),
        );
        match self.session.execute(&swap).await {
            Ok(_) => Ok(()),
            Err(error) => {
                self.abandon().await;
                Err(error)
            }
        }
    }

    /// Leaves everything as it was.
    pub(super) async fn abandon(mut self) {
        let Some(Side {
            name,
            schema: Some(_),
        }) = self.side.take()
        else {
            return;
        };
        // What failed is told already; a side table that stays behind is harmless, and named after this program.
        if !self.session.is_usable() {
            return;
        }
        let drop = format!("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION; DROP TABLE IF EXISTS {name}");
        if let Err(error) = self.session.execute(&drop).await {
            tracing::warn!(%error, table = %name, "the unfinished table could not be dropped");
        }
    }
}
