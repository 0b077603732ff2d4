//! Models whose coefficients are known.

use arrow::array::{BooleanArray, DictionaryArray, Int32Array};
use arrow::datatypes::Int32Type;

use super::*;

fn frame(columns: Vec<(&str, ArrayRef)>) -> Frame {
    Frame::new(vec![
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
            .unwrap(),
    ])
    .unwrap()
}

fn numbers(values: &[Option<f64>]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn close(model: &RxModel, name: &str, value: f64, std_error: f64) {
    let found = model
        .coefficients
        .iter()
        .find(|coefficient| coefficient.name == name)
        .unwrap();
    assert!(
        (found.value.unwrap() - value).abs() < 1e-4 * value.abs().max(1.0),
        "{name}: {found:?}"
    );
    assert!(
        (found.std_error.unwrap() - std_error).abs() < 1e-4 * std_error.max(1.0),
        "{name}: {found:?}"
    );
}

/// Anscombe's first quartet, whose regression every textbook has.
fn anscombe() -> Frame {
    let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
    let y = [
        8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68,
    ];
    frame(vec![
        ("x", numbers(&x.map(Some))),
        ("y", numbers(&y.map(Some))),
    ])
}

#[tokio::test]
async fn a_line_has_the_known_coefficients() {
    let model = rx_lin_mod("y ~ x", anscombe()).await.unwrap();
    close(&model, "(Intercept)", 3.000_090_909, 1.124_747);
    close(&model, "x", 0.500_090_909, 0.117_906);
    assert!((model.r_squared.unwrap() - 0.666_542).abs() < 1e-6);
    assert!((model.sigma.unwrap() - 1.236_603).abs() < 1e-6);
    let predicted = rx_predict(&model, &anscombe()).unwrap().concat().unwrap();
    assert_eq!(predicted.schema().field(2).name(), "y_Pred");
    let kept: RxModel = serde_json::from_str(&serde_json::to_string(&model).unwrap()).unwrap();
    // Reading numbers from JSON may miss the last binary digit.
    assert_eq!(kept.to_string(), model.to_string());
    assert!(
        model.to_string().contains("Multiple R-squared: 0.6665425"),
        "{model}"
    );
}

#[tokio::test]
async fn factors_drop_their_last_level_and_dependent_columns_are_left_out() {
    let levels: DictionaryArray<Int32Type> =
        vec!["a", "b", "c", "a", "b", "c"].into_iter().collect();
    let twice = numbers(&[2.0, 4.0, 6.0, 8.0, 10.0, 12.0].map(Some));
    let data = frame(vec![
        ("y", numbers(&[1.0, 2.0, 6.0, 3.0, 4.0, 8.0].map(Some))),
        ("f", Arc::new(levels)),
        ("x", numbers(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(Some))),
        ("twice", twice),
    ]);
    let model = rx_lin_mod("y ~ f", data.clone()).await.unwrap();
    let names: Vec<&str> = model.coefficients.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["(Intercept)", "f=a", "f=b"]);
    let values: Vec<f64> = model
        .coefficients
        .iter()
        .map(|c| (c.value.unwrap() * 1e6).round() / 1e6)
        .collect();
    assert_eq!(values, [7.0, -5.0, -4.0]);

    let model = rx_lin_mod("y ~ x + twice", data.clone()).await.unwrap();
    assert_eq!(model.coefficients[2].value, None);
    assert!(model.to_string().contains("Dropped"));

    let unknown: DictionaryArray<Int32Type> = vec!["z"].into_iter().collect();
    let other = frame(vec![("f", Arc::new(unknown))]);
    let model = rx_lin_mod("y ~ f", data).await.unwrap();
    assert!(matches!(
        rx_predict(&model, &other),
        Err(Error::InvalidArgument(_))
    ));
}

#[test]
fn a_logistic_model_has_the_known_coefficients() {
    // Hours of study and passing an exam: the example of many introductions.
    let hours = [
        0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 1.75, 2.0, 2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 4.0, 4.25,
        4.5, 4.75, 5.0, 5.5,
    ];
    let passed = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1]
        .map(|passed| Some(passed == 1));
    let data = frame(vec![
        ("hours", numbers(&hours.map(Some))),
        ("passed", Arc::new(BooleanArray::from(passed.to_vec()))),
    ]);
    let model = rx_logit("passed ~ hours", &data).unwrap();
    close(&model, "(Intercept)", -4.077_713, 1.761_0);
    close(&model, "hours", 1.504_645, 0.628_7);
    let predicted = rx_predict(&model, &data).unwrap().concat().unwrap();
    let probability =
        arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(predicted.column(2))
            .value(10);
    assert!((probability - 0.515).abs() < 1e-3, "{probability}");
    let wrong = frame(vec![
        ("y", numbers(&[Some(2.0), Some(0.0)])),
        ("x", numbers(&[Some(1.0), Some(2.0)])),
    ]);
    assert!(matches!(
        rx_logit("y ~ x", &wrong),
        Err(Error::InvalidArgument(_))
    ));
}

#[tokio::test]
async fn missing_values_leave_their_rows_out() {
    let data = frame(vec![
        (
            "y",
            numbers(&[Some(1.0), Some(2.0), None, Some(4.0), Some(9.0)]),
        ),
        (
            "x",
            numbers(&[Some(1.0), Some(2.0), Some(3.0), Some(4.0), None]),
        ),
        (
            "n",
            Arc::new(Int32Array::from(vec![1, 2, 3, 4, 5])) as ArrayRef,
        ),
    ]);
    let model = rx_lin_mod("y ~ x", data.clone()).await.unwrap();
    assert_eq!((model.valid_obs, model.missing_obs), (3, 2));
    let predicted = rx_predict(&model, &data).unwrap().concat().unwrap();
    assert!(arrow::array::Array::is_null(predicted.column(3), 4));
    for wrong in ["~ x", "y ~ z", "x +", "y ~ F(x, 1, 9) + F(n) + x"] {
        assert!(
            matches!(
                rx_lin_mod(wrong, data.clone()).await,
                Err(Error::InvalidArgument(_))
            ),
            "{wrong}"
        );
    }
}
