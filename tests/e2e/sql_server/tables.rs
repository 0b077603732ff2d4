//! Frames to tables and back.

use super::*;

/// sqlml C10: every type of column goes to a new table and comes back, with its NULLs and with names that need quotes.
#[tokio::test]
async fn columns_of_every_type_survive() {
    let server = Server::plain().await;
    let text = |values: &[Option<&str>]| -> ArrayRef {
        Arc::new(values.iter().copied().collect::<StringArray>())
    };
    let long = "x".repeat(9000);
    let moment = 1_700_000_000_123_456;
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "a bit",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        (
            "int]",
            Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(7)])),
        ),
        (
            "[bigint",
            Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(-1)])),
        ),
        (
            "float",
            Arc::new(Float64Array::from(vec![Some(0.1), None, Some(-2.5e300)])),
        ),
        ("text 'q'", text(&[Some("it's 中 😀"), None, Some("")])),
        ("long", text(&[Some(&long), None, Some("short")])),
        (
            "bytes",
            Arc::new(BinaryArray::from(vec![
                Some(&b"\0\xFF"[..]),
                None,
                Some(b""),
            ])),
        ),
        (
            "date",
            Arc::new(Date32Array::from(vec![Some(19_000), None, Some(-700_000)])),
        ),
        (
            "moment",
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(moment),
                None,
                Some(-1),
            ])),
        ),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let table = server.table("master", "dbo.[every type]");
    rx_data_step(DataStep::new(batch.clone()).output(&table))
        .await
        .unwrap();
    let back = rx_import(&table).await.unwrap().concat().unwrap();
    for (at, column) in batch.columns().iter().enumerate() {
        assert_eq!(
            back.column(at),
            column,
            "{}",
            batch.schema().field(at).name()
        );
        assert_eq!(
            back.schema().field(at).name(),
            batch.schema().field(at).name()
        );
    }
}

/// sqlml P8, C11, C12, C13: what is there is never half replaced.
#[tokio::test]
async fn an_output_that_is_there_is_respected() {
    let server = Server::plain().await;
    let table = server.table("master", "t");
    let numbers = |values: &[i64], name: &str| {
        RecordBatch::try_from_iter([(
            name,
            Arc::new(Int64Array::from(values.to_vec())) as ArrayRef,
        )])
        .unwrap()
    };
    let sum = async || {
        let frame = rx_import(&table).await.unwrap().concat().unwrap();
        frame
            .column(0)
            .as_primitive::<Int64Type>()
            .iter()
            .flatten()
            .sum::<i64>()
    };
    rx_data_step(DataStep::new(numbers(&[1, 2], "n")).output(&table))
        .await
        .unwrap();

    let again = rx_data_step(DataStep::new(numbers(&[5], "n")).output(&table)).await;
    assert!(matches!(again, Err(Error::OutputExists(_))), "{again:?}");
    assert_eq!(sum().await, 3);

    rx_data_step(
        DataStep::new(numbers(&[4], "N"))
            .output(&table)
            .append(Append::Rows),
    )
    .await
    .unwrap();
    assert_eq!(sum().await, 7);

    let other = rx_data_step(
        DataStep::new(numbers(&[9], "m"))
            .output(&table)
            .append(Append::Rows),
    )
    .await;
    assert!(other.unwrap_err().to_string().contains("'m'"));
    assert_eq!(sum().await, 7);

    // The second piece fails: the old rows are there, and nothing else is.
    let broken = DataStep::new(numbers(&[1, 2, 3], "n"))
        .output(&table)
        .overwrite(true)
        .rows_per_read(2);
    let broken = broken.transform_function(|rows, context| match context.chunk {
        1 => Ok(rows),
        _ => Err(Error::InvalidData("broken on purpose".to_owned())),
    });
    assert!(rx_data_step(broken).await.is_err());
    assert_eq!(sum().await, 7);
    assert_eq!(server.session().await.tables().await.unwrap(), ["dbo.t"]);

    rx_data_step(
        DataStep::new(numbers(&[8], "n"))
            .output(&table)
            .overwrite(true),
    )
    .await
    .unwrap();
    assert_eq!(sum().await, 8);
    let missing = server.table("master", "missing");
    let missing = rx_data_step(
        DataStep::new(numbers(&[9], "n"))
            .output(&missing)
            .append(Append::Rows),
    )
    .await;
    assert!(
        matches!(missing, Err(Error::InvalidArgument(_))),
        "{missing:?}"
    );
}

/// sqlml C14: a transform gets the rows in pieces; and the other changes of a data step.
#[tokio::test]
async fn rows_are_read_in_pieces() {
    let server = Server::plain().await;
    let table = server.table("master", "n");
    let numbers = Int64Array::from_iter_values(0..120_001);
    let batch = RecordBatch::try_from_iter([("n", Arc::new(numbers) as ArrayRef)]).unwrap();
    rx_data_step(DataStep::new(batch).output(&table))
        .await
        .unwrap();

    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let pieces = Arc::clone(&seen);
    let step = DataStep::new(&table).transform_function(move |rows, context| {
        pieces
            .lock()
            .unwrap()
            .push((context.start_row, rows.num_rows()));
        Ok(rows)
    });
    assert_eq!(rx_data_step(step).await.unwrap().rows(), 120_001);
    assert_eq!(
        *seen.lock().unwrap(),
        [(1, 50_000), (50_001, 50_000), (100_001, 20_001)]
    );

    let step = DataStep::new(&table)
        .start_row(11)
        .number_rows_read(3)
        .row_variable_name("row");
    let frame = rx_data_step(step)
        .await
        .unwrap()
        .frame()
        .unwrap()
        .concat()
        .unwrap();
    assert_eq!(frame.num_columns(), 2);
    assert_eq!(
        frame.column(1).as_primitive::<Int64Type>().values(),
        &[11, 12, 13]
    );
}

/// Values that their column cannot hold are refused before anything is sent, and the table is as it was.
#[tokio::test]
async fn values_that_do_not_fit_change_nothing() {
    let server = Server::plain().await;
    let mut session = server.session().await;
    session
        .execute("CREATE TABLE t (a smallint NOT NULL, b nvarchar(2))")
        .await
        .unwrap();
    let table = TableName::parse("t").unwrap();
    let batch = |a: Vec<Option<i32>>, b: Vec<&str>| {
        let a: ArrayRef = Arc::new(Int32Array::from(a));
        let b: ArrayRef = Arc::new(StringArray::from(b));
        RecordBatch::try_from_iter_with_nullable([("a", a, true), ("b", b, true)]).unwrap()
    };
    for (rows, named) in [
        (batch(vec![Some(1), Some(70_000)], vec!["x", "y"]), "'a'"),
        (batch(vec![Some(1), None], vec!["x", "y"]), "'a'"),
        (batch(vec![Some(1), Some(2)], vec!["x", "😀😀"]), "'b'"),
    ] {
        let error = session.load(&table, &[rows]).await.unwrap_err();
        // A NULL is the server's to refuse, where it does not tell which columns allow one.
        let refused = matches!(error, Error::InvalidData(_)) || error.number() == Some(515);
        assert!(refused && error.to_string().contains(named), "{error}");
    }
    assert_eq!(
        session
            .query("SELECT * FROM t", vec![])
            .await
            .unwrap()
            .num_rows(),
        0
    );
    let fits = batch(vec![Some(1), Some(2)], vec!["xy", "😀"]);
    assert_eq!(
        session
            .load(&table, std::slice::from_ref(&fits))
            .await
            .unwrap(),
        2
    );
    let frame = Frame::new(vec![fits]).unwrap();
    let back = session
        .query("SELECT * FROM t", vec![])
        .await
        .unwrap()
        .concat()
        .unwrap();
    assert_eq!(back.column(1), frame.batches()[0].column(1));
    assert_eq!(
        server.emulator.environment().get(env::SQL_USER).as_deref(),
        Some("sa")
    );
}
