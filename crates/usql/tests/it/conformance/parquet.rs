//! Row 122: Parquet files.

use crate::harness::{Lake, exactly};

const READ: &str = "@r = EXTRACT b bool?, y byte?, i int, l long?, f float?, d double?, s string, x byte[], t DateTime FROM \"/p.parquet\" USING Extractors.Parquet();";

#[test]
fn row_122_parquet() {
    let lake = Lake::new(&[]);
    let script = "@w = SELECT * FROM (VALUES
            ((bool?)true, (byte?)200, 1, (long?)1099511627776, (float?)0.1, (double?)1E300, \"a\", new byte[]{1,255}, new DateTime(2016,5,4,3,2,1).AddTicks(1234567)),
            ((bool?)null, (byte?)null, -2, (long?)null, (float?)null, (double?)null, (string)null, (byte[])null, new DateTime(1,1,1))
        ) AS T(b,y,i,l,f,d,s,x,t);
        OUTPUT @w TO \"/p.parquet\" USING Outputters.Parquet();";
    lake.run(script).unwrap_or_else(|e| panic!("{}", e.text()));
    let back = format!("{READ} OUTPUT @r TO \"/o.csv\" ORDER BY i DESC USING Outputters.Csv();");
    lake.run(&back).unwrap_or_else(|e| panic!("{}", e.text()));
    assert_eq!(
        lake.text("/o.csv"),
        "True,200,1,1099511627776,0.1,1E+300,\"a\",01FF,2016-05-04T03:02:01.1234560\r\n,,-2,,,,,,0001-01-01T00:00:00.0000000\r\n"
    );
    // A subset of the columns, in another order, with what the file system knows.
    let subset =
        "@r = EXTRACT s string, n string, i int FROM \"/{n}.parquet\" USING Extractors.Parquet();
        OUTPUT @r TO \"/o.csv\" ORDER BY i USING Outputters.Csv();";
    lake.run(subset).unwrap_or_else(|e| panic!("{}", e.text()));
    assert_eq!(lake.text("/o.csv"), ",\"p\",-2\r\n\"a\",\"p\",1\r\n");
    for (columns, expected) in [
        (
            "l long",
            "E_RUNTIME_USER_EXTRACT_COLUMN_CONVERSION_NULL_ERROR",
        ),
        ("nothing int", "has no column 'nothing'"),
        (
            "s int?",
            "E_RUNTIME_USER_EXTRACT_COLUMN_CONVERSION_INVALID_ERROR",
        ),
        ("c char", "E_CSC_USER_INVALIDCOLUMNTYPE"),
        ("g Guid", "E_CSC_USER_INVALIDCOLUMNTYPE"),
    ] {
        let script = format!(
            "@r = EXTRACT {columns} FROM \"/p.parquet\" USING Extractors.Parquet(); OUTPUT @r TO \"/bad.csv\" USING Outputters.Csv();"
        );
        let text = lake.run(&script).expect_err(columns).text();
        assert!(text.contains(expected), "{columns}: {text}");
        assert_eq!(lake.bytes("/bad.csv"), None);
    }
}

#[test]
fn columns_are_stored_as_asked() {
    let lake = Lake::new(&[]);
    let write = |options: &str, path: &str| {
        format!(
            "@w = SELECT 12.345m AS m, new DateTime(2016,5,4,3,2,1) AS t, \"x\" AS s FROM (VALUES(1)) AS T(a);
             OUTPUT @w TO \"{path}\" USING Outputters.Parquet(rowGroupRows: 10, columnOptions: \"{options}\");"
        )
    };
    lake.run(&write("0:10.2~snappy,1:days,2~snappy", "/p.parquet"))
        .unwrap_or_else(|e| panic!("{}", e.text()));
    let read = "@r = EXTRACT m decimal, t DateTime, s string FROM \"/p.parquet\" USING Extractors.Parquet(); OUTPUT @r TO \"/o.csv\" USING Outputters.Csv();";
    lake.run(read).unwrap_or_else(|e| panic!("{}", e.text()));
    assert_eq!(
        lake.text("/o.csv"),
        "12.35,2016-05-04T00:00:00.0000000,\"x\"\r\n"
    );
    for (options, expected) in [("9:micro", "there is no column 9"), ("0~gzip", "gzip")] {
        let text = lake
            .run(&write(options, "/q.parquet"))
            .expect_err(options)
            .text();
        assert!(text.contains(expected), "{text}");
    }
    let char = "@w = SELECT 'a' AS c FROM (VALUES(1)) AS T(a); OUTPUT @w TO \"/q.parquet\" USING Outputters.Parquet();";
    let text = lake.run(char).expect_err("char").text();
    assert!(
        text.starts_with("E_CSC_USER_INVALIDTYPEINOUTPUTTER"),
        "{text}"
    );
    assert_eq!(lake.bytes("/q.parquet"), None);
    exactly(
        &[("/i.csv", b"1\n")],
        "SET @@FeaturePreviews = \"EnableParquetUdos:on\"; @r = EXTRACT a int FROM \"/i.csv\" USING Extractors.Csv();",
        "1\r\n",
    );
}
