// A small HTTP server that keeps what each request brings: native_service PORT.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpListener;

struct Keeper<T> {
    kept: Vec<T>,
}

impl<T> Keeper<T> {
    fn keep(&mut self, number: usize, make: impl Fn(usize) -> T) {
        self.kept.push(make(number));
    }
}

fn main() {
    let port = std::env::args().nth(1).unwrap();
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    let mut keeper = Keeper { kept: Vec::with_capacity(1 << 20) };
    let mut latest: HashMap<usize, String> = HashMap::new();
    let mut number = 0;
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut request = [0; 4096];
        while stream.read(&mut request).unwrap_or(0) > 0 {
            number += 1;
            keeper.keep(number, |n| Box::new([n; 12]));
            latest.insert(number % 10, format!("the latest number is {number}"));
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        }
    }
}
