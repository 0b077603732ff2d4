//! Scripts that go wrong: each is an error of its call, and the server goes on (sqlml C41; the protocol notes, section 6.2).

use azml_core::clock::{Clock, SystemClock};

use super::*;

/// The statement that runs a script as it is.
fn script(source: &str) -> Request {
    let text = "EXEC sp_execute_external_script @language = N'Python', @script = @source";
    Request::Statement(text.to_owned(), vec![Parameter::new("source", source)])
}

async fn still_answers(session: &mut Session) {
    let text = "OutputDataSet = pandas.DataFrame({'a': [1]})";
    let outcome = session.run(script(text)).await.unwrap();
    assert_eq!(outcome.frames[0].num_rows(), 1);
}

/// The processes whose numbers a script has left in a file end.
async fn end(file: &Path) {
    let numbers = std::fs::read_to_string(file).unwrap();
    assert!(!numbers.trim().is_empty());
    for number in numbers.split_whitespace() {
        let process = Path::new("/proc").join(number).join("status");
        // As long as it takes; the runner of the tests has a limit. A zombie has ended.
        while std::fs::read_to_string(&process).is_ok_and(|status| !status.contains("State:\tZ")) {
            SystemClock.sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A folder that scripts can write to, and the file there that they leave process numbers in.
fn marks() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pids");
    (folder, file)
}

#[tokio::test]
async fn a_script_that_loops_is_stopped() {
    let server = Server::start().await;
    let mut session = server.session().await;
    let (_folder, file) = marks();
    let source = format!(
        "import os\nwith open({:?}, 'w') as file:\n    file.write(str(os.getpid()))\nwhile True:\n    pass",
        file.to_str().unwrap()
    );
    // On a busy machine it takes a while until the script is in its loop.
    for seconds in [2, 10, 60] {
        session.set_timeout(Some(Duration::from_secs(seconds)));
        let stopped = session.run(script(&source)).await;
        assert!(matches!(stopped, Err(Error::Timeout(_))), "{stopped:?}");
        if file.exists() {
            break;
        }
    }
    end(&file).await;
    session.set_timeout(None);
    still_answers(&mut session).await;
}

#[tokio::test]
async fn a_script_that_allocates_without_end_gets_a_memory_error() {
    let server = Server::start().await;
    let mut session = server.session().await;
    let source = "kept = []\nwhile True:\n    kept.append(bytearray(1 << 28))";
    let Err(Error::Server(error)) = session.run(script(source)).await else {
        panic!("it must fail")
    };
    assert!(
        error.has_number(39004) && error.has_number(39019),
        "{error}"
    );
    assert!(error.to_string().contains("MemoryError"), "{error}");
    still_answers(&mut session).await;
}

#[tokio::test]
async fn what_a_script_forks_ends_with_it() {
    let server = Server::start().await;
    let mut session = server.session().await;
    for ending in ["", "os._exit(3)", "raise ValueError('enough')"] {
        let (_folder, file) = marks();
        let source = format!(
            "import os, time\npids = []\nfor n in range(20):\n    pid = os.fork()\n    if pid == 0:\n        \
             time.sleep(600)\n        os._exit(0)\n    pids.append(str(pid))\n\
             open({:?}, 'w').write(' '.join(pids))\n{ending}\n",
            file.to_str().unwrap()
        );
        let ran = session.run(script(&source)).await;
        assert_eq!(ran.is_ok(), ending.is_empty(), "{ending}: {ran:?}");
        end(&file).await;
        still_answers(&mut session).await;
    }
}

#[tokio::test]
async fn a_script_that_prints_a_gigabyte_is_cut_short() {
    let server = Server::start().await;
    let mut session = server.session().await;
    let source = "import sys\nline = 'x' * 1023 + '\\n'\nfor n in range(1024):\n    sys.stdout.write(line * 1024)\n";
    let outcome = session.run(script(source)).await.unwrap();
    let printed: usize = outcome
        .messages
        .iter()
        .map(|message| message.text.len())
        .sum();
    assert!((1 << 20..20 << 20).contains(&printed), "{printed}");
    let last = &outcome.messages.last().unwrap().text;
    assert!(
        last.contains("the script printed 1073741824 bytes"),
        "{last}"
    );
    still_answers(&mut session).await;
}

#[tokio::test]
async fn a_script_that_dies_is_an_error_that_says_how() {
    let server = Server::start().await;
    let mut session = server.session().await;
    for (source, how) in [
        ("import os; os._exit(3)", "exit status: 3"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "signal 11",
        ),
        (
            "import os\nfor fd in range(256):\n    try:\n        os.close(fd)\n    except OSError:\n        pass\nwhile True:\n    pass",
            "signal 9",
        ),
        ("import sys; sys.exit('no more')", "no more"),
    ] {
        let Err(Error::Server(error)) = session.run(script(source)).await else {
            panic!("{source}: it must fail")
        };
        assert!(
            error.has_number(39004) && error.has_number(39019),
            "{error}"
        );
        assert!(error.to_string().contains(how), "{source}: {error}");
        still_answers(&mut session).await;
    }
}

/// What a script leaves is gone in the next one, which is another process, with imports that are done.
#[tokio::test]
async fn each_script_is_a_process_of_its_own() {
    let server = Server::start().await;
    let mut session = server.session().await;
    let source = "import builtins, os, sys\nleft = [hasattr(builtins, 'left'), os.path.exists('left')]\n\
                  builtins.left = 1\nopen('left', 'w').close()\n\
                  OutputDataSet = pandas.DataFrame({'left': [any(left)], 'warm': ['numpy' in sys.modules], 'pid': [os.getpid()]})";
    let mut processes = Vec::new();
    for _ in 0..4 {
        let outcome = session.run(script(source)).await.unwrap();
        let row = outcome.frames[0].concat().unwrap();
        assert!(!row.column(0).as_boolean().value(0));
        assert!(row.column(1).as_boolean().value(0));
        processes.push(row.column(2).as_primitive::<Int64Type>().value(0));
    }
    processes.sort_unstable();
    processes.dedup();
    assert_eq!(processes.len(), 4);
}
