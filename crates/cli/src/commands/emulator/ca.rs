//! `azml emulator ca`.

use super::target::Target;
use crate::args::{CaArgs, GlobalArgs};
use crate::failure::{Failure, Result};
use crate::files;
use crate::output::{Format, Record, data};

/// Prints where the certificate authority is, or the certificate itself.
pub(super) fn run(args: &CaArgs, global: &GlobalArgs) -> Result<()> {
    let directory = args.location.data_dir.as_ref();
    let path = match Target::find(None, directory, global) {
        Ok(target) => target.ca_path()?,
        // The authority outlives the run that made it.
        Err(failure) => {
            let kept = match directory {
                Some(directory) => std::path::absolute(directory)?.join("ca.pem"),
                None => files::data_dir()?.join("emulator/ca.pem"),
            };
            if !kept.is_file() {
                return Err(failure);
            }
            kept
        }
    };
    let pem = std::fs::read_to_string(&path).map_err(|error| {
        Failure::file("read", &path, error).hint("start the emulator, which makes it")
    })?;
    if args.pem {
        return data(|out| out.write_all(pem.as_bytes()));
    }
    match &global.output {
        Format::Table => data(|out| writeln!(out, "{}", path.display())),
        format => {
            let mut record = Record::default();
            record.field("ca", path.display().to_string());
            record.print(format)
        }
    }
}
