//! Tests of the passwords that `shown` masks.

use super::masked;

#[test]
fn passwords_are_not_shown() {
    for (text, shown) in [
        (
            "postgres://ci:hush@db/greenlight",
            "postgres://ci:…@db/greenlight",
        ),
        ("postgres://ci:hu@sh@db/g", "postgres://ci:…@db/g"),
        (
            "postgres://db/g?user=ci&password=hush&x=1",
            "postgres://db/g?user=ci&password=…&x=1",
        ),
        (
            "postgres://db/g?password=a&p%61ssword=hush&sslpassword=hush",
            "postgres://db/g?password=…&p%61ssword=…&sslpassword=…",
        ),
        (
            "host=db password=hu?sh&hush user=ci",
            "host=db password=… user=ci",
        ),
        (
            "curl http://db/?x=1 password=hush",
            "curl http://db/?x=1 password=…",
        ),
        ("http://db/?x=a%20b=c&y", "http://db/?x=a%20b=c&y"),
        ("http://10.0.0.1:8000", "http://10.0.0.1:8000"),
        ("a@b", "a@b"),
    ] {
        assert_eq!(masked(text), shown);
    }
}
