//! Summaries and models.

use super::*;

/// sqlml P4, P13, C26, C27: a summary, printed, and the same computed on the server.
#[tokio::test]
async fn a_summary_is_the_same_here_and_on_the_server() {
    let server = Server::plain().await.with_iris().await;
    let delays = Float64Array::from(vec![
        Some(-3.0),
        Some(12.5),
        None,
        Some(40.0),
        Some(0.0),
        Some(7.25),
    ]);
    let days = StringArray::from(vec![
        Some("Monday"),
        Some("Tuesday"),
        Some("Monday"),
        Some("Tuesday"),
        None,
        Some("Monday"),
    ]);
    let hours = Int32Array::from(vec![1, 2, 2, 4, 1, 1]);
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ArrDelay", Arc::new(delays) as ArrayRef, true),
        ("DayOfWeek", Arc::new(days) as ArrayRef, true),
        ("hour", Arc::new(hours) as ArrayRef, true),
    ])
    .unwrap();
    let table = server.table("irissql", "flights");
    rx_data_step(DataStep::new(batch.clone()).output(&table))
        .await
        .unwrap();

    for formula in [
        "ArrDelay+DayOfWeek",
        "~ ArrDelay:DayOfWeek",
        "ArrDelay ~ F(hour)",
        "~ F(hour, 1, 3):DayOfWeek",
    ] {
        for by_term in [true, false] {
            let local = Summary::new(formula, batch.clone())
                .strings_as_factors(true)
                .by_term(by_term);
            let remote = Summary::new(formula, &table)
                .strings_as_factors(true)
                .by_term(by_term);
            let (local, remote) = (local.run().await.unwrap(), remote.run().await.unwrap());
            let shown = format!("{formula} {by_term}\n{local}\n{remote}");
            assert_eq!(
                (local.valid_obs, local.missing_obs),
                (remote.valid_obs, remote.missing_obs),
                "{shown}"
            );
            assert_eq!(local.categorical, remote.categorical, "{shown}");
            let numbers = |summary: &RxSummary| -> Vec<f64> {
                let cells = summary
                    .by_category
                    .iter()
                    .flat_map(|by| by.cells.iter().map(|(_, cell)| cell));
                let all = summary.statistics.iter().chain(cells);
                all.flat_map(|s| {
                    [
                        s.mean,
                        s.std_dev,
                        s.min,
                        s.max,
                        f64::from(u32::try_from(s.valid_obs).unwrap()),
                    ]
                })
                .collect()
            };
            let pairs = numbers(&local).into_iter().zip(numbers(&remote));
            for (a, b) in pairs {
                let same = (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(1.0);
                assert!(same, "{a} and {b}\n{shown}");
            }
            assert_eq!(numbers(&local).len(), numbers(&remote).len(), "{shown}");
        }
    }

    let printed = Summary::new("ArrDelay+DayOfWeek", batch.clone())
        .strings_as_factors(true)
        .run()
        .await
        .unwrap()
        .to_string();
    for line in [
        "Summary Statistics Results for: ~ArrDelay + DayOfWeek",
        "Number of valid observations: 6 ",
        " ArrDelay 11.35 17.12965 -3  40  5        1",
        "Category Counts for DayOfWeek",
        " Monday    3",
    ] {
        assert!(printed.contains(line), "no '{line}' in\n{printed}");
    }
    let text = rx_summary("~DayOfWeek", batch).await;
    assert!(matches!(text, Err(Error::InvalidArgument(_))), "{text:?}");
}

/// A linear model over a table is that over its rows, and none of them leaves the server.
#[tokio::test]
async fn a_model_is_fitted_where_the_data_is() {
    let server = Server::plain().await.with_iris().await;
    let table = server.table("irissql", "iris");
    let rows = rx_import(&table).await.unwrap();
    for formula in [
        "`sepal length (cm)` ~ `petal length (cm)` + `petal width (cm)`",
        "`sepal length (cm)` ~ `petal length (cm)`:`petal width (cm)` - 1",
        "`sepal length (cm)` ~ F(`petal width (cm)`, 0, 2) + `petal length (cm)`",
    ] {
        let local = rx_lin_mod(formula, rows.clone()).await.unwrap();
        let remote = rx_lin_mod(formula, &table).await.unwrap();
        assert_eq!(
            (local.valid_obs, local.missing_obs),
            (remote.valid_obs, remote.missing_obs)
        );
        let numbers = |model: &RxModel| -> Vec<f64> {
            let coefficients = model
                .coefficients
                .iter()
                .flat_map(|c| [c.value.unwrap(), c.std_error.unwrap()]);
            coefficients
                .chain([model.sigma.unwrap(), model.r_squared.unwrap()])
                .collect()
        };
        for (a, b) in numbers(&local).into_iter().zip(numbers(&remote)) {
            assert!(
                (a - b).abs() <= 1e-9 * a.abs().max(1.0),
                "{formula}\n{local}\n{remote}"
            );
        }
    }
    let text = rx_lin_mod("`sepal length (cm)` ~ Species", &table).await;
    assert!(matches!(text, Err(Error::InvalidArgument(_))), "{text:?}");
}
