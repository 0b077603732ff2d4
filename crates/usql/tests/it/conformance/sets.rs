//! Rows 033 to 038: set operators.

use crate::harness::{any_order, exactly};

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
