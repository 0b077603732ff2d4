//! Rows 001 to 017: values, arithmetic, null.

use super::d;
use crate::harness::{any_order, exactly, fails};

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
