//! Storage: many small blobs, a large one, and a long list, by our client beside azure-storage-blob of
//! Python, object_store and azure_storage_blob of Rust; then one client on our emulator beside Azurite.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::table::Row;
use super::{Contender, Emulator, build_release, compare, measure, release, table, write};
use crate::{environments, metadata, process};

/// The full measurement: small blobs and their bytes, the large one, and blobs of the list.
const SMALL_COUNT: u64 = 2000;
const SMALL: u64 = 32 << 10;
const LARGE: u64 = 1 << 30;
const LISTED: u64 = 20_000;

/// Runs of each program.
const RUNS: usize = 5;

/// Milliseconds before each answer of the server that is far away.
const LATE: &str = "20";

const ACCOUNT: &str = "devstoreaccount1";

pub(super) fn run(percent: u64) -> Result<()> {
    build_release()?;
    let environments = environments::provision_for_bench()?;
    let folder = metadata::target_directory()?.join("xtask/bench-storage");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let data = Data::write(&folder, percent)?;
    let emulator = Emulator::start(&folder)?;
    let bench = Bench {
        python: environments.join("azure-storage/bin/python"),
        script: metadata::root()?.join("benches/peers/storage.py"),
        emulator: &emulator,
        folder: &folder,
    };
    let near = Server::memory("0")?;
    let far = Server::memory(LATE)?;
    let mut rows = Vec::new();
    for (server, place) in [(&near, "at once"), (&far, "after 20 ms")] {
        let about = format!(
            "{} blobs of 32 KiB, a server that answers {place}",
            data.count
        );
        rows.extend(bench.transfers(&server.url, ("small", &data.small), &about)?);
    }
    let about = format!("a blob of {:.2} GB", table::gigabytes(data.large_length));
    rows.extend(bench.transfers(&near.url, ("large", &data.large), &about)?);
    bench.fill(&near.url, "listed", &data.listed)?;
    let about = format!("a list of {}", data.listed_count);
    let listed = |_: &str, _: usize| ("listed".to_owned(), Vec::new());
    rows.extend(compare(
        &bench.contenders("list", &about, &near.url, listed),
    )?);

    let azurite = Server::azurite(&environments, &folder)?;
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo \"$AZML_BLOB_ENDPOINT\""]);
    let ours = process::output(&mut emulator.exec(&shell)?)?;
    let ours = ours.trim();
    for (name, source) in [("small", &data.small), ("large", &data.large)] {
        rows.extend(bench.servers(ours, &azurite.url, (name, source))?);
    }
    drop((near, far, azurite));
    let about = format!(
        "Uploads and downloads by name, of {} small blobs and a large one, and a list of {}. The servers of \
         the first part keep blobs in memory and check nothing.",
        data.count, data.listed_count
    );
    let text = table::render(&about, &rows)?;
    std::fs::remove_dir_all(&folder)?;
    println!("\n{text}");
    if percent == 100 {
        table::record("storage", &text)?;
    }
    Ok(())
}

/// What is sent.
struct Data {
    small: PathBuf,
    count: u64,
    large: PathBuf,
    large_length: u64,
    listed: PathBuf,
    listed_count: u64,
}

impl Data {
    fn write(folder: &Path, percent: u64) -> Result<Self> {
        let data = Self {
            small: folder.join("small"),
            count: SMALL_COUNT * percent / 100,
            large: folder.join("large"),
            large_length: LARGE * percent / 100,
            listed: folder.join("listed"),
            listed_count: LISTED * percent / 100,
        };
        for (folder, count, length) in [
            (&data.small, data.count, SMALL),
            (&data.large, 1, data.large_length),
            (&data.listed, data.listed_count, 8),
        ] {
            std::fs::create_dir_all(folder)?;
            for number in 0..count {
                write(&folder.join(format!("{number:06}")), length)?;
            }
        }
        Ok(data)
    }
}

/// A server in a process of its own.
struct Server {
    child: Child,
    /// The blob service with the account at its end.
    url: String,
}

impl Server {
    fn memory(late: &str) -> Result<Self> {
        let mut command = release("bench-storage")?;
        command.args(["serve", late]);
        Self::start(command, |line| Some(line.to_owned()))
    }

    fn azurite(environments: &Path, folder: &Path) -> Result<Self> {
        let mut command = Command::new(environments.join("azurite/node_modules/.bin/azurite-blob"));
        command
            .args([
                "--blobPort",
                "0",
                "--silent",
                "--skipApiVersionCheck",
                "--location",
            ])
            .arg(folder.join("azurite"));
        Self::start(command, |line| {
            Some(line.split_once("listens on ")?.1.trim().to_owned())
        })
    }

    /// Starts it and waits until it has said where it listens.
    fn start(mut command: Command, said: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start a server")?;
        let output = child.stdout.take().context("its output")?;
        let mut lines = BufReader::new(output).lines();
        let address = lines.find_map(|line| said(&line.ok()?));
        // What else it says must not stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let mut server = Self {
            child,
            url: String::new(),
        };
        let address = address.context("the server does not say where it listens")?;
        server.url = format!("{address}/{ACCOUNT}");
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything that is the same for all comparisons.
struct Bench<'b> {
    python: PathBuf,
    script: PathBuf,
    emulator: &'b Emulator,
    folder: &'b Path,
}

impl Bench<'_> {
    /// A task of one client.
    fn command(
        &self,
        client: &str,
        task: &str,
        url: &str,
        (container, rest): (String, Vec<String>),
    ) -> Result<Command> {
        let mut program = if client == "python" {
            let mut program = Command::new(&self.python);
            program.arg(&self.script).args([task, url]);
            program
        } else {
            let mut program = release("bench-storage")?;
            program.args([task, client, url]);
            program
        };
        program.arg(container).args(rest);
        self.emulator.exec(&program)
    }

    /// All clients at one task; `arguments` gives the container and what follows it.
    fn contenders<'c>(
        &'c self,
        task: &'c str,
        about: &str,
        url: &'c str,
        arguments: impl Fn(&str, usize) -> (String, Vec<String>) + Copy + 'c,
    ) -> Vec<Contender<'c>> {
        let run = move |client: &'static str| {
            move |run: usize| self.command(client, task, url, arguments(client, run))
        };
        vec![
            Contender::ours(format!("{{}}: {task}, {about}"), RUNS, run("azml")),
            Contender::peer("{}", RUNS, run("object-store")),
            Contender::peer("{}", RUNS, run("azure-storage-blob")),
            Contender::peer("{}", RUNS, run("python")),
        ]
    }

    fn make(&self, url: &str, container: &str) -> Result<()> {
        let command = self.command("azml", "make", url, (container.to_owned(), Vec::new()));
        process::output(&mut command?).map(drop)
    }

    fn fill(&self, url: &str, container: &str, source: &Path) -> Result<()> {
        self.make(url, container)?;
        let rest = vec![source.display().to_string()];
        let mut command = self.command("azml", "upload", url, (container.to_owned(), rest))?;
        measure(&mut command).map(drop)
    }

    /// Uploads and downloads of all clients, to and from one server.
    fn transfers(&self, url: &str, (name, source): (&str, &Path), about: &str) -> Result<Vec<Row>> {
        println!("{about}");
        let path = source.display().to_string();
        self.make(url, name)?;
        let sent = |_: &str, _: usize| (name.to_owned(), vec![path.clone()]);
        let mut rows = compare(&self.contenders("upload", about, url, sent))?;
        let target = |client: &str, run: usize| self.folder.join(format!("{name}-{client}-{run}"));
        let fetched = |client: &str, run: usize| {
            let target = target(client, run).display().to_string();
            (name.to_owned(), vec![target])
        };
        rows.extend(compare(&self.contenders("download", about, url, fetched))?);
        for client in ["azml", "object-store", "azure-storage-blob", "python"] {
            for run in 0..RUNS {
                self.check(source, &target(client, run))?;
            }
        }
        Ok(rows)
    }

    /// Fails unless what came back is what was sent; then it goes.
    fn check(&self, source: &Path, target: &Path) -> Result<()> {
        let mut same = release("bench-storage")?;
        process::run(same.arg("same").args([source, target]))?;
        std::fs::remove_dir_all(target)?;
        Ok(())
    }

    /// One client against our emulator and against Azurite. Blocks are left out of the latter, which
    /// computes a checksum in JavaScript for each.
    fn servers(
        &self,
        ours: &str,
        azurite: &str,
        (name, source): (&str, &Path),
    ) -> Result<Vec<Row>> {
        let path = source.display().to_string();
        let mut rows = Vec::new();
        for url in [ours, azurite] {
            self.make(url, name)?;
        }
        let upload = |url| {
            let path = &path;
            move |_| {
                self.command(
                    "object-store",
                    "upload",
                    url,
                    (name.to_owned(), vec![path.clone()]),
                )
            }
        };
        let mut uploads = vec![Contender::ours(
            format!("{{}} to our emulator: upload, {name}"),
            RUNS,
            upload(ours),
        )];
        if name == "small" {
            uploads.push(Contender::peer("{} to Azurite 3.37", RUNS, upload(azurite)));
        }
        rows.extend(compare(&uploads)?);
        if name != "small" {
            return Ok(rows);
        }
        for task in ["download", "list"] {
            let work = |url, side: &'static str| {
                move |run: usize| {
                    let target = self
                        .folder
                        .join(format!("{side}-{run}"))
                        .display()
                        .to_string();
                    let rest = if task == "list" {
                        Vec::new()
                    } else {
                        vec![target]
                    };
                    self.command("object-store", task, url, (name.to_owned(), rest))
                }
            };
            rows.extend(compare(&[
                Contender::ours(
                    format!("{{}} to our emulator: {task}, {name}"),
                    RUNS,
                    work(ours, "emulator"),
                ),
                Contender::peer("{} to Azurite 3.37", RUNS, work(azurite, "azurite")),
            ])?);
        }
        for side in ["emulator", "azurite"] {
            for run in 0..RUNS {
                self.check(source, &self.folder.join(format!("{side}-{run}")))?;
            }
        }
        Ok(rows)
    }
}
