//! Rows 018 to 054: joins, order, groups, set operators, windows, APPLY, PIVOT.

use super::d;
use crate::harness::{any_order, exactly, fails};

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
