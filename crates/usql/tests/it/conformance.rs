//! The conformance table of the U-SQL notes, section 10, by row.

use super::harness::{Lake, any_order, exactly, expanded, fails};

const D: &str = "@d = V(((int?)1),((int?)null),((int?)3)) AS T(a); ";

fn d(rest: &str) -> String {
    format!("{D}{rest}")
}

/// `SELECT items FROM one row`.
fn one(items: &str) -> String {
    format!("@r = SELECT {items} FROM (VALUES(1)) AS T(x_);")
}

#[test]
fn row_001_to_009_values_and_arithmetic() {
    any_order(
        &[],
        r#"@r = V(("Ada",12.0),("Bob",34.5)) AS D(who,paid);"#,
        &[r#""Ada",12"#, r#""Bob",34.5"#],
    );
    exactly(&[], "@r = V((true,false)) AS T(a,b);", "True,False\r\n");
    exactly(
        &[],
        "@r = V((1.0/3,0.1+0.2,1E20,1E15,0.0001,0.00001)) AS T(a,b,c,d,e,f);",
        "0.33333333333333331,0.30000000000000004,1E+20,1E+15,0.0001,1E-05\r\n",
    );
    exactly(
        &[],
        "@r = V(((float)0.1,(float)1/3,(float)1E7)) AS T(a,b,c);",
        "0.1,0.333333343,1E+07\r\n",
    );
    exactly(
        &[],
        "@r = SELECT a/b AS q, a%b AS m, -a/b AS n, -a%b AS k FROM (VALUES(7,2)) AS T(a,b);",
        "3,1,-3,-1\r\n",
    );
    fails(
        &[],
        "@r = SELECT a/b AS q FROM (VALUES(1,0)) AS T(a,b);",
        "Attempted to divide by zero.",
    );
    exactly(
        &[],
        "@r = SELECT a/b AS q FROM (VALUES(1.0,0.0)) AS T(a,b);",
        "Infinity\r\n",
    );
    exactly(
        &[],
        "@r = SELECT a+1 AS x FROM (VALUES(2147483647)) AS T(a);",
        "-2147483648\r\n",
    );
    exactly(
        &[],
        r#"@r = SELECT a+1 AS x, "p"+s+"q" AS y FROM (VALUES((int?)null,(string)null)) AS T(a,s);"#,
        ",\"pq\"\r\n",
    );
}

#[test]
fn row_010_to_017_null() {
    exactly(&[], &d("@r = SELECT a FROM @d WHERE a == null;"), "\r\n");
    any_order(&[], &d("@r = SELECT a FROM @d WHERE a != 1;"), &["", "3"]);
    exactly(&[], &d("@r = SELECT a FROM @d WHERE a < 3;"), "1\r\n");
    any_order(&[], &d("@r = SELECT a FROM @d WHERE !(a < 3);"), &["", "3"]);
    any_order(
        &[],
        &d("@r = SELECT a ?? 0 AS b FROM @d;"),
        &["1", "0", "3"],
    );
    any_order(
        &[],
        &d("@r = SELECT a FROM @d WHERE a IN (1, (int?)null);"),
        &["1", ""],
    );
    any_order(
        &[],
        &d("@r = SELECT a FROM @d WHERE a BETWEEN 0 AND 5;"),
        &["1", "3"],
    );
    any_order(
        &[],
        &d("@r = SELECT a FROM @d WHERE a IS NOT NULL;"),
        &["1", "3"],
    );
}

const EP: &str = r#"@e = V(("x",(int?)1),("y",(int?)null)) AS E(n,k); @p = V(((int?)1,"A"),((int?)null,"N")) AS D(k,m); "#;

#[test]
fn row_018_to_022_joins() {
    any_order(
        &[],
        &format!("{EP} @r = SELECT e.n,p.m FROM @e AS e INNER JOIN @p AS p ON e.k == p.k;"),
        &[r#""x","A""#, r#""y","N""#],
    );
    exactly(
        &[],
        &format!("{EP} @r = SELECT e.n FROM @e AS e LEFT ANTISEMIJOIN @p AS p ON e.k == p.k;"),
        "",
    );
    any_order(
        &[],
        &format!("{EP} @r = SELECT e.n FROM @e AS e LEFT SEMIJOIN @p AS p ON e.k == p.k;"),
        &[r#""x""#, r#""y""#],
    );
    let ab = "@a=V((1),(2)) AS A(k); @b=V((2,20)) AS B(k,v);";
    any_order(
        &[],
        &format!("{ab} @r=SELECT a.k,b.v FROM @a AS a LEFT OUTER JOIN @b AS b ON a.k==b.k;"),
        &["1,", "2,20"],
    );
    let ab = "@a=V((1),(2)) AS A(k); @b=V((2,20),(3,30)) AS B(k,v);";
    any_order(
        &[],
        &format!(
            "{ab} @r=SELECT a.k AS x, b.k AS y FROM @a AS a FULL OUTER JOIN @b AS b ON a.k==b.k;"
        ),
        &["1,", "2,2", ",3"],
    );
    // Not in the table: the right-hand forms.
    any_order(
        &[],
        &format!("{ab} @r=SELECT a.k AS x, v FROM @a AS a RIGHT OUTER JOIN @b AS b ON a.k==b.k;"),
        &["2,20", ",30"],
    );
    any_order(
        &[],
        &format!("{ab} @r=SELECT v FROM @a AS a RIGHT SEMIJOIN @b AS b ON a.k==b.k;"),
        &["20"],
    );
    any_order(
        &[],
        &format!("{ab} @r=SELECT v FROM @a AS a RIGHT ANTISEMIJOIN @b AS b ON a.k==b.k;"),
        &["30"],
    );
    any_order(
        &[],
        &format!("{ab} @r=SELECT a.k AS x, v FROM @a AS a CROSS JOIN @b AS b;"),
        &["1,20", "1,30", "2,20", "2,30"],
    );
    any_order(
        &[],
        &format!("{ab} @r=SELECT x.k AS a, y.k AS b FROM @a AS x JOIN @a AS y ON x.k==y.k;"),
        &["1,1", "2,2"],
    );
}

#[test]
fn row_023_to_025_order() {
    exactly(
        &[],
        &d(r#"OUTPUT @d TO "/o.csv" ORDER BY a USING Outputters.Csv();"#),
        "1\r\n3\r\n\r\n",
    );
    exactly(
        &[],
        &d(r#"OUTPUT @d TO "/o.csv" ORDER BY a DESC USING Outputters.Csv();"#),
        "3\r\n1\r\n\r\n",
    );
    exactly(
        &[],
        r#"@s = V(("B"),("a"),("Z"),("ä"),("A")) AS T(s); OUTPUT @s TO "/o.csv" ORDER BY s USING Outputters.Csv();"#,
        "\"A\"\r\n\"B\"\r\n\"Z\"\r\n\"a\"\r\n\"ä\"\r\n",
    );
}

#[test]
fn row_026_to_032_aggregates() {
    any_order(
        &[],
        &d("@r = SELECT a, COUNT(*) AS c, COUNT(a) AS n FROM @d GROUP BY a;"),
        &["1,1,1", "3,1,1", ",1,0"],
    );
    exactly(
        &[],
        &d("@r = SELECT COUNT(*) AS c, SUM(a) AS s, MIN(a) AS m FROM @d WHERE a == 99;"),
        "0,,\r\n",
    );
    exactly(
        &[],
        "@r = SELECT AVG(x) AS a, SUM(x) AS s FROM (VALUES(1),(2)) AS T(x);",
        "1,3\r\n",
    );
    exactly(
        &[],
        "@r = SELECT SUM(x) AS s FROM (VALUES((float)0.1),((float)0.1)) AS T(x);",
        "0.20000000298023224\r\n",
    );
    exactly(
        &[],
        "@r = SELECT VAR(x) AS a, VARP(x) AS b, STDEV(x) AS c, STDEVP(x) AS d FROM (VALUES(1),(2),(3),(4)) AS T(x);",
        "1.6666666666666667,1.25,1.2909944487358056,1.1180339887498949\r\n",
    );
    exactly(
        &[],
        "@r = SELECT COUNT(DISTINCT x) AS c FROM (VALUES((int?)1),((int?)1),((int?)2),((int?)null)) AS T(x);",
        "2\r\n",
    );
    exactly(
        &[],
        r#"@r = SELECT k, SUM(v) AS s FROM (VALUES("a",3),("a",4),("b",1)) AS T(k,v) GROUP BY k HAVING SUM(v) > 5;"#,
        "\"a\",7\r\n",
    );
    // Not in the table: groups without a row, expressions around aggregates.
    exactly(
        &[],
        &d("@r = SELECT a, COUNT(*) AS c FROM @d WHERE a == 99 GROUP BY a;"),
        "",
    );
    any_order(
        &[],
        r#"@r = SELECT k.ToUpper() AS u, 2 * MAX(v) + 1 AS m FROM (VALUES("a",3),("a",4),("b",1)) AS T(k,v) GROUP BY k;"#,
        &["\"A\",9", "\"B\",3"],
    );
}

const SETS: &str = r#"@a = V((1,"S"),(1,"S"),(5,"K"),(6,"L")) AS T(n,s);
@b = V((1,"S"),(1,"S"),(1,"S"),(5,"K"),(8,"M"),(8,"M")) AS T(n,s); "#;

#[test]
fn row_033_to_038_sets() {
    any_order(
        &[],
        &format!("{SETS} @r = SELECT * FROM @a UNION SELECT * FROM @b;"),
        &["1,\"S\"", "5,\"K\"", "6,\"L\"", "8,\"M\""],
    );
    any_order(
        &[],
        &format!("{SETS} @r = SELECT * FROM @b EXCEPT ALL SELECT * FROM @a;"),
        &["1,\"S\"", "8,\"M\"", "8,\"M\""],
    );
    any_order(
        &[],
        &format!("{SETS} @r = SELECT * FROM @a INTERSECT ALL SELECT * FROM @b;"),
        &["1,\"S\"", "1,\"S\"", "5,\"K\""],
    );
    exactly(
        &[],
        &format!("{SETS} @r = SELECT * FROM @a EXCEPT SELECT * FROM @b;"),
        "6,\"L\"\r\n",
    );
    let lq = r#"@l=V((7,"u",(int?)70)) AS L(id,nm,opt); @q=V((9,"u",7)) AS R(extra,nm,id);"#;
    any_order(
        &[],
        &format!("{lq} @r=SELECT * FROM @l OUTER UNION BY NAME ON (nm,id) SELECT * FROM @q;"),
        &["7,\"u\",70,0", "7,\"u\",,9"],
    );
    any_order(
        &[],
        &format!("{lq} @r=SELECT * FROM @l UNION ALL BY NAME ON (*) SELECT * FROM @q;"),
        &["7,\"u\"", "7,\"u\""],
    );
}

#[test]
fn row_039_to_045_windows() {
    any_order(
        &[],
        r#"@r = SELECT n, RANK() OVER(ORDER BY s) AS r, DENSE_RANK() OVER(ORDER BY s) AS d, CUME_DIST() OVER(ORDER BY s) AS c, PERCENT_RANK() OVER(ORDER BY s) AS p FROM (VALUES("oak",4),("elm",4),("fir",9)) AS T(n,s);"#,
        &[
            "\"oak\",1,1,0.66666666666666663,0",
            "\"elm\",1,1,0.66666666666666663,0",
            "\"fir\",3,2,1,1",
        ],
    );
    exactly(
        &[],
        "@x = V((90),(70),(50),(40),(40),(10)) AS T(x); @r = SELECT DISTINCT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x) OVER() AS c, PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY x) OVER() AS d FROM @x;",
        "45,40\r\n",
    );
    any_order(
        &[],
        "@r = SELECT k, SUM(x) OVER(ORDER BY k) AS s FROM (VALUES(1,1),(1,1),(2,1)) AS T(k,x);",
        &["1,1", "1,2", "2,3"],
    );
    any_order(
        &[],
        "@r = SELECT x, LAG(x) OVER(ORDER BY x) AS p, LEAD(x,1,-1) OVER(ORDER BY x) AS n FROM (VALUES(1),(2),(3)) AS T(x);",
        &["1,,2", "2,1,3", "3,2,-1"],
    );
    any_order(
        &[],
        "@r = SELECT x, NTILE(2) OVER(ORDER BY x) AS n FROM (VALUES(1),(2),(3),(4),(5)) AS T(x);",
        &["1,1", "2,1", "3,1", "4,2", "5,2"],
    );
    let x = "@x = V((1),(2)) AS T(x);";
    fails(
        &[],
        &format!(
            "{x} @r = SELECT x, COUNT(*) OVER(ORDER BY x) AS c, SUM(x) AS s FROM @x GROUP BY x;"
        ),
        "E_CSC_USER",
    );
    fails(
        &[],
        &format!("{x} @r = SELECT COUNT(DISTINCT x) OVER() AS c FROM @x;"),
        "E_CSC_USER",
    );
    // Not in the table: partitions, frames, values, averages.
    any_order(
        &[],
        r#"@r = SELECT k, x, ROW_NUMBER() OVER(PARTITION BY k ORDER BY x DESC) AS n, AVG(x) OVER(PARTITION BY k) AS m, SUM(x) OVER(PARTITION BY k ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s, FIRST_VALUE(x) OVER(PARTITION BY k ORDER BY x) AS f, LAST_VALUE(x) OVER(PARTITION BY k ORDER BY x) AS l, PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY x) OVER(PARTITION BY k) AS d FROM (VALUES("a",1),("a",2),("a",4),("b",7)) AS T(k,x);"#,
        &[
            "\"a\",1,3,2,1,1,1,2",
            "\"a\",2,2,2,3,1,2,2",
            "\"a\",4,1,2,6,1,4,2",
            "\"b\",7,1,7,7,7,7,7",
        ],
    );
    any_order(
        &[],
        "@r = SELECT ROW_NUMBER() OVER() AS n FROM (VALUES(1),(2)) AS T(x);",
        &["1", "2"],
    );
}

#[test]
fn row_046_to_054_apply_and_pivot() {
    any_order(
        &[],
        r#"@b = SELECT k, SqlArray.Create(s.Split(';')) AS a FROM (VALUES("p","A;B"),("q","")) AS T(k,s); @r = SELECT k, t FROM @b CROSS APPLY EXPLODE(a) AS e(t);"#,
        &["\"p\",\"A\"", "\"p\",\"B\"", "\"q\",\"\""],
    );
    let b = r#"@b = V(("p",(SQL.ARRAY<int>)null)) AS T(k,a);"#;
    exactly(
        &[],
        &format!("{b} @r = SELECT k, t FROM @b CROSS APPLY EXPLODE(a) AS e(t);"),
        "",
    );
    exactly(
        &[],
        &format!("{b} @r = SELECT k, t FROM @b OUTER APPLY EXPLODE(a) AS e(t);"),
        "\"p\",\r\n",
    );
    let m = r#"@m = SELECT new SQL.MAP<string,string>{{"x","1"},{"y","2"}} AS m FROM (VALUES(1)) AS T(o);"#;
    any_order(
        &[],
        &format!("{m} @r = SELECT k, v FROM @m CROSS APPLY EXPLODE(m) AS e(k,v);"),
        &["\"x\",\"1\"", "\"y\",\"2\""],
    );
    exactly(
        &[],
        &format!(r#"{m} @r = SELECT m["x"] AS a, m["z"] AS b, m.ContainsKey("z") AS c FROM @m;"#),
        "\"1\",,False\r\n",
    );
    for apply in ["APPLY (VALUES(k*10),(k*100))", "APPLY VALUES(k*10),(k*100)"] {
        any_order(
            &[],
            &format!("@r = SELECT T.k, v FROM (VALUES(1),(2)) AS T(k) CROSS {apply} AS e(v);"),
            &["1,10", "1,100", "2,20", "2,200"],
        );
    }
    any_order(
        &[],
        r#"@r = SELECT k, String.Join("+", ARRAY_AGG(v).OrderBy(x => x)) AS s FROM (VALUES("a",2),("a",1),("b",3)) AS T(k,v) GROUP BY k;"#,
        &["\"a\",\"1+2\"", "\"b\",\"3\""],
    );
    let s = r#"@s = V(("Jan",1,10),("Jan",2,20),("Feb",1,5)) AS T(m,q,v); @p = SELECT m, q1, q2 FROM @s PIVOT (SUM(v) FOR q IN (1 AS q1, 2 AS q2)) AS p;"#;
    any_order(
        &[],
        &format!("{s} @r = SELECT * FROM @p;"),
        &["\"Jan\",10,20", "\"Feb\",5,"],
    );
    any_order(
        &[],
        &format!("{s} @r = SELECT m, n, v FROM @p UNPIVOT (v FOR n IN (q1,q2)) AS u;"),
        &["\"Jan\",\"q1\",10", "\"Jan\",\"q2\",20", "\"Feb\",\"q1\",5"],
    );
    // Not in the table: MAP_AGG.
    exactly(
        &[],
        r#"@m = SELECT MAP_AGG(k, v) AS m FROM (VALUES("a",1),("b",2)) AS T(k,v); @r = SELECT m.Count AS c, m["b"] AS b FROM @m;"#,
        "2,2\r\n",
    );
}

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

fn output(values: &str, using: &str) -> String {
    format!(
        "@r = SELECT * FROM (VALUES({values})) AS T(a,b,c,d); OUTPUT @r TO \"/o.csv\" USING {using};"
    )
}

#[test]
fn row_069_to_080_output() {
    let text = r#"@r = V(("say \"hi\", ok")) AS T(s);"#;
    exactly(&[], text, "\"say \"\"hi\"\", ok\"\r\n");
    exactly(
        &[],
        &format!("{text} OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(quoting:false);"),
        "say \"hi\", ok\r\n",
    );
    exactly(
        &[],
        "@r = V((\"a,b\")) AS T(s); OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(quoting:false, escapeCharacter:'#');",
        "a#,b\r\n",
    );
    let nulls = r#""x",(string)null,"",(int?)null"#;
    exactly(&[], &output(nulls, "Outputters.Csv()"), "\"x\",,\"\",\r\n");
    exactly(
        &[],
        &output(nulls, "Outputters.Csv(nullEscape:\"NULL\")"),
        "\"x\",NULL,\"\",NULL\r\n",
    );
    exactly(
        &[],
        "@r = V((1,\"z\")) AS T(a,[b c]); OUTPUT @r TO \"/o.csv\" USING Outputters.Tsv(outputHeader:true);",
        "\"a\"\t\"b c\"\r\n1\t\"z\"\r\n",
    );
    exactly(&[], "@r = V(('4',',')) AS T(a,b);", "52,44\r\n");
    exactly(
        &[],
        &one(r#"new Guid("F9168C5E-CEB2-4FAA-B6BF-329BF39FA1E4") AS g, new byte[]{1,255} AS b"#),
        "f9168c5e-ceb2-4faa-b6bf-329bf39fa1e4,01FF\r\n",
    );
    exactly(
        &[],
        "@r = V((1),(2)) AS T(a); OUTPUT @r TO \"/o.csv\" ORDER BY a USING Outputters.Csv(rowDelimiter:\"\\n\");",
        "1\n2\n",
    );
    exactly(&[], &d("@r = SELECT * FROM @d WHERE a == 9;"), "");
    exactly(
        &[],
        &d(
            "OUTPUT (SELECT * FROM @d WHERE a == 9) TO \"/o.csv\" USING Outputters.Csv(outputHeader:true);",
        ),
        "\"a\"\r\n",
    );
    fails(
        &[],
        "@r = SELECT new SQL.ARRAY<int>{1} AS a FROM (VALUES(1)) AS T(x);",
        "E_CSC_USER_INVALIDTYPEINOUTPUTTER",
    );
    let lake = Lake::new(&[]);
    lake.run("@r = SELECT * FROM (VALUES(\"ä\")) AS T(s); OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(encoding:Encoding.Unicode);").expect("runs");
    assert_eq!(
        lake.bytes("/o.csv").expect("a file"),
        b"\"\0\xE4\0\"\0\r\0\n\0"
    );
}

fn extract(columns: &str, using: &str) -> String {
    format!("@r = EXTRACT {columns} FROM \"/i.csv\" USING {using};")
}

#[test]
fn row_081_to_093_extract() {
    let file = |text: &'static str| [("/i.csv", text.as_bytes())];
    exactly(
        &file("1,,\"\",\\N\r\n"),
        &extract(
            "a int, b string, c string, d string",
            "Extractors.Csv(nullEscape:\"\\\\N\")",
        ),
        "1,\"\",\"\",\r\n",
    );
    exactly(
        &file("1,,\"b\"\n"),
        &extract("a int, b string, c string", "Extractors.Csv()"),
        "1,\"\",\"b\"\r\n",
    );
    exactly(
        &file("1,,\"b\"\n"),
        &format!(
            "SET @@InternalDebug = \"EmptyStringAsNullWhenQuoting:on\"; {}",
            extract("a int, b string, c string", "Extractors.Csv()")
        ),
        "1,,\"b\"\r\n",
    );
    exactly(
        &file("h,n\na,1\n"),
        &extract("s string, n int", "Extractors.Csv(skipFirstNRows:1)"),
        "\"a\",1\r\n",
    );
    let ragged = file("a,1\nb\nc,2,3\nd,x\n");
    any_order(
        &ragged,
        &extract("s string, n int?", "Extractors.Csv(silent:true)"),
        &["\"a\",1", "\"d\","],
    );
    fails(
        &ragged,
        &extract("s string, n int", "Extractors.Csv(silent:true)"),
        "Column index: 1, column name: 'n'",
    );
    fails(
        &ragged,
        &extract("s string, n int?", "Extractors.Csv()"),
        "E_RUNTIME_USER_EXTRACT_UNEXPECTED_NUMBER_COLUMNS",
    );
    fails(
        &file("a,1\nc,2,3\n"),
        &extract("s string, n int?", "Extractors.Csv()"),
        "E_RUNTIME_USER_EXTRACT_ROW_DELIMITER_EXPECTED: Too many columns",
    );
    exactly(
        &file("a,1\r\n\r\n\nb,2"),
        &extract("s string, n int", "Extractors.Csv()"),
        "\"a\",1\r\n\"b\",2\r\n",
    );
    exactly(
        &file("\"a \"\"q\"\" b\",2\n"),
        &extract("s string, n int", "Extractors.Csv()"),
        "\"a \"\"q\"\" b\",2\r\n",
    );
    fails(
        &file("\"a\r\nb\",2\n"),
        &extract("s string, n int", "Extractors.Csv()"),
        "E_RUNTIME_USER_EXTRACT",
    );
    exactly(
        &file("\u{FEFF}1,x\n"),
        &extract("n int, s string", "Extractors.Csv()"),
        "1,\"x\"\r\n",
    );
    let utf16: Vec<u8> = "\u{FEFF}1,ä\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fails(
        &[("/i.csv", &utf16)],
        &extract("n int, s string", "Extractors.Csv()"),
        "E_RUNTIME_USER_EXTRACT_INVALID_CHARACTER",
    );
    exactly(
        &[("/i.csv", &utf16)],
        &extract(
            "n int, s string",
            "Extractors.Csv(encoding:Encoding.Unicode)",
        ),
        "1,\"ä\"\r\n",
    );
    exactly(
        &file("a$,b,1\n"),
        &extract(
            "s string, n int",
            "Extractors.Csv(escapeCharacter:'$', quoting:false)",
        ),
        "\"a,b\",1\r\n",
    );
}

#[test]
fn row_094_to_098_file_sets() {
    let set: &[(&str, &[u8])] = &[
        ("/d/2016-01-02.csv", b"1\n"),
        ("/d/2016-02-03.csv", b"\xFF\xFF not read\n"),
    ];
    let days = r#"@d = EXTRACT a int, dt DateTime FROM "/d/{dt:yyyy}-{dt:MM}-{dt:dd}.csv" USING Extractors.Csv();"#;
    exactly(
        set,
        &format!("{days} @r = SELECT a, dt FROM @d WHERE dt < new DateTime(2016,2,1);"),
        "1,2016-01-02T00:00:00.0000000\r\n",
    );
    exactly(
        &[("/d/fooData.csv", b"1\n")],
        r#"@r = EXTRACT a int, n string FROM "/d/{n}Data.csv" USING Extractors.Csv();"#,
        "1,\"foo\"\r\n",
    );
    any_order(
        &[("/a.csv", b"1\n"), ("/b.csv", b"2\n")],
        r#"@r = EXTRACT a int FROM "/a.csv","/b.csv" USING Extractors.Csv();"#,
        &["1", "2"],
    );
    fails(
        &[],
        r#"@r = EXTRACT a int FROM "/none.csv" USING Extractors.Csv();"#,
        "E_CSC_USER_INPUTFILENOTFOUND: The input file '/none.csv' does not exist.",
    );
    exactly(
        &[],
        r#"@r = EXTRACT a int FROM "/none/{*}.csv" USING Extractors.Csv();"#,
        "",
    );
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, b"1\n2\n").expect("compressed");
    let gz = gz.finish().expect("compressed");
    any_order(
        &[("/a.csv.gz", &gz)],
        r#"@r = EXTRACT a int FROM "/a.csv.gz" USING Extractors.Csv();"#,
        &["1", "2"],
    );
    any_order(
        &[("/x/a.csv", b"1\n")],
        r#"@r = EXTRACT a int, u = FILE.URI(), l = FILE.LENGTH() FROM "/x/{*}" USING Extractors.Csv();"#,
        &["1,\"/x/a.csv\",2"],
    );
}

#[test]
fn row_099_to_101_variables_and_control() {
    exactly(
        &[],
        r#"DECLARE @v string = "over"; DECLARE EXTERNAL @v string = "def"; @r = V((@v)) AS T(x);"#,
        "\"over\"\r\n",
    );
    let control =
        r#"IF FILE.EXISTS("/none") THEN @r = V((1)) AS T(x); ELSE @r = V((2)) AS T(x); END;"#;
    exactly(&[], control, "2\r\n");
    exactly(&[("/none", b"")], control, "1\r\n");
    fails(
        &[],
        r#"RAISE ERROR "stop"; @r = V((1)) AS T(x);"#,
        "E_CSC_USER_RAISEERROR: RAISE ERROR: stop",
    );
}

#[test]
fn row_110_to_119_refusals() {
    exactly(
        &[],
        "@x = V((1),(2),(3),(4),(5)) AS T(x); OUTPUT @x TO \"/o.csv\" ORDER BY x OFFSET 1 ROW FETCH 2 ROWS USING Outputters.Csv();",
        "2\r\n3\r\n",
    );
    fails(
        &[],
        &d("@r = SELECT a FROM @d ORDER BY a;"),
        "Expected one of: FETCH OFFSET",
    );
    fails(&[], "@r = select 1;", "E_CSC_USER_SYNTAXERROR");
    fails(
        &[],
        &d("@r = SELECT a+1 FROM @d;"),
        "The column needs a name",
    );
    exactly(
        &[],
        "@r = SELECT s.Length FROM (VALUES(\"abc\")) AS T(s); OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(outputHeader:true);",
        "\"Length\"\r\n3\r\n",
    );
    let ab = "@a=V((1)) AS A(x); @b=V((2)) AS B(y);";
    fails(
        &[],
        &format!("{ab} @r = SELECT a.x FROM @a AS a JOIN @b AS b ON a.x < b.y;"),
        "E_CSC_USER_INVALIDEXPRESSIONSYNTAX",
    );
    fails(&[], "@r = V((1,\"a\"),(\"b\",2)) AS T(x,y);", "Row 2");
    fails(
        &[("/i.csv", b"")],
        &extract("a int, a int", "Extractors.Csv()"),
        "E_CSC_USER_SCHEMADUPLICATENAMES: The EXTRACT schema contains a duplicated field named 'a'.",
    );
    fails(
        &[("/i.csv", b"")],
        &extract("a string?", "Extractors.Csv()"),
        "E_CSC_USER_INVALIDCOLUMNTYPE: 'string?' cannot be used as column type.",
    );
    fails(
        &[],
        "DECLARE @@x string = \"\"; @r = V((1)) AS T(a);",
        "E_CSC_USER_SYNTAXERROR",
    );
}

#[test]
fn row_123_to_130_various() {
    let gz = "OUTPUT @r TO \"/o.csv.gz\" USING Outputters.Csv();";
    let lake = Lake::new(&[]);
    let script = expanded(&format!("@r = V((1)) AS T(a); {gz}"));
    assert!(
        lake.run(&script)
            .expect_err("refused")
            .text()
            .starts_with("E_CSC_USER_FILEFORMATNOTSUPPORTED")
    );
    lake.run(&format!(
        "SET @@FeaturePreviews = \"GZipOutput:on\"; {script}"
    ))
    .expect("runs");
    let bytes = lake.bytes("/o.csv.gz").expect("a file");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text)
        .expect("gzip");
    assert_eq!(text, "1\r\n");

    let lake = Lake::new(&[]);
    let two = expanded(
        "@r = V((1)) AS T(a); @s = SELECT 1/(a-1) AS b FROM @r; OUTPUT @r TO \"/one.csv\" USING Outputters.Csv(); OUTPUT @s TO \"/two.csv\" USING Outputters.Csv();",
    );
    assert!(
        lake.run(&two)
            .expect_err("fails")
            .text()
            .contains("DivideByZeroException")
    );
    assert_eq!(
        (lake.bytes("/one.csv"), lake.bytes("/two.csv")),
        (None, None)
    );

    exactly(
        &[],
        "@r = V((1,2,3)) AS T([Order No],[x],[a]]b]); OUTPUT @r TO \"/o.csv\" USING Outputters.Csv(outputHeader:true);",
        "\"Order No\",\"x\",\"a]b\"\r\n1,2,3\r\n",
    );
    exactly(
        &[],
        r#"DECLARE @f Func<string,string> = (s) => s.ToUpper(); @r = SELECT @f(n) AS u FROM (VALUES("ab")) AS T(n);"#,
        "\"AB\"\r\n",
    );
    any_order(
        &[],
        "@r = SELECT i FROM (VALUES(1)) AS T(x) CROSS APPLY EXPLODE(Enumerable.Range(1,3)) AS M(i);",
        &["1", "2", "3"],
    );
    exactly(
        &[],
        "@r = SELECT DISTINCT x FROM (VALUES(0.0),(-0.0)) AS T(x);",
        "0\r\n",
    );
    exactly(&[], &one("1.10m + 2m AS x"), "3.1\r\n");
    let lake = Lake::new(&[]);
    lake.run(&expanded(
        "@r = SELECT x FROM (VALUES(1),(2)) AS T(x) SAMPLE ANY(1);",
    ))
    .expect("runs");
    assert_eq!(lake.text("/o.csv").lines().count(), 1);
}

/// The article's sample job (datalake-analytics J3).
#[test]
fn the_article_s_job() {
    let lake = Lake::new(&[]);
    let script = r#"
@a  =
    SELECT * FROM
        (VALUES
            ("Contoso", 1500.0),
            ("Woodgrove", 2700.0)
        ) AS
              D( customer, amount );
OUTPUT @a
    TO "/data.csv"
    USING Outputters.Csv();
"#;
    lake.run(script).expect("runs");
    assert_eq!(
        lake.text("/data.csv"),
        "\"Contoso\",1500\r\n\"Woodgrove\",2700\r\n"
    );
}
