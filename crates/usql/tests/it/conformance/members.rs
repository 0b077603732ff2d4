//! Rows 055 to 068: LIKE, CASE, dates, members of .NET types.

use super::one;
use crate::harness::{any_order, exactly, fails};

#[test]
fn row_055_to_058_like_and_case() {
    let n = r#"@n = V(("Dora"),("Nora"),("Gora")) AS T(n);"#;
    any_order(
        &[],
        &format!(r#"{n} @r = SELECT n FROM @n WHERE n LIKE "[D-K]ora";"#),
        &["\"Dora\"", "\"Gora\""],
    );
    exactly(
        &[],
        r#"@n = V(("5%off"),("5xoff"),("50off")) AS T(n); @r = SELECT n FROM @n WHERE n LIKE "5|%off" ESCAPE '|';"#,
        "\"5%off\"\r\n",
    );
    any_order(
        &[],
        r#"@n = V((3),(20),(10),(99)) AS T(n); @r = SELECT n, CASE WHEN n BETWEEN 0 AND 9 THEN "a" WHEN n BETWEEN 9 AND 10 THEN "b" WHEN n BETWEEN 10 AND 50 THEN "c" ELSE "d" END AS c FROM @n;"#,
        &["3,\"a\"", "20,\"c\"", "10,\"b\"", "99,\"d\""],
    );
    exactly(&[], &one(r#"CASE x_ WHEN 7 THEN "s" END AS c"#), "\r\n");
}

#[test]
fn row_059_to_062_dates() {
    exactly(
        &[],
        &one("new DateTime(2016,1,2,3,4,5) AS d"),
        "2016-01-02T03:04:05.0000000\r\n",
    );
    exactly(
        &[],
        &format!(
            "{} OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(dateTimeFormat:\"yyyy-MM-dd\");",
            one("new DateTime(2016,1,2,3,4,5) AS d")
        ),
        "2016-01-02\r\n",
    );
    exactly(
        &[],
        &one(
            r#"DateTime.Parse("2/15/2012 11:53:16 AM").AddMonths(-1).ToString("yyyyMMdd HH:mm") AS d"#,
        ),
        "\"20120115 11:53\"\r\n",
    );
    exactly(
        &[],
        &one(
            "(new DateTime(2016,3,1)-new DateTime(2016,2,1)).TotalDays AS a, new DateTime(2016,2,29).DayOfWeek.ToString() AS b, new DateTime(2016,2,29).DayOfYear AS c",
        ),
        "29,\"Monday\",60\r\n",
    );
}

#[test]
fn row_063_to_068_members() {
    exactly(
        &[],
        r#"@r = SELECT s.Substring(1,3) AS a, t.Split(',')[1] AS b, "abc".IndexOf("z") AS c, " x ".Trim() AS d, "7".PadLeft(3,'0') AS e FROM (VALUES("abcde","a,b,c")) AS T(s,t);"#,
        "\"bcd\",\"b\",-1,\"x\",\"007\"\r\n",
    );
    fails(
        &[],
        r#"@r = SELECT s.Substring(3) AS a FROM (VALUES("ab")) AS T(s);"#,
        "ArgumentOutOfRangeException",
    );
    exactly(
        &[],
        r#"@r = SELECT s.Length FROM (VALUES("😀")) AS T(s);"#,
        "2\r\n",
    );
    exactly(
        &[],
        r#"@s = V(("ab"),((string)null)) AS T(s); @r = SELECT s FROM @s WHERE s != null && s.Length > 1;"#,
        "\"ab\"\r\n",
    );
    exactly(
        &[],
        &one(r#"string.Format("{0:N2}|{1,5}|{2:yyyy}", 1234.5, 7, new DateTime(2016,1,1)) AS f"#),
        "\"1,234.50|    7|2016\"\r\n",
    );
    exactly(
        &[],
        &one(
            "Math.Round(2.5) AS a, Math.Round(-1.5) AS b, (int)3.9 AS c, Convert.ToInt32(2.5) AS d",
        ),
        "2,-2,3,2\r\n",
    );
}
