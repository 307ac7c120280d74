"""Checks certificates that clients send."""

import datetime as dt
import sys

import tornado.ioloop
import tornado.web
from cryptography import x509
from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

key = ec.generate_private_key(ec.SECP256R1(), default_backend())
name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop")])
access = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.shop")
        )
    ]
)
PEM = (
    x509.CertificateBuilder()
    .subject_name(name)
    .issuer_name(name)
    .public_key(key.public_key())
    .serial_number(17)
    .not_valid_before(dt.datetime.fromisoformat("2020-01-01"))
    .not_valid_after(dt.datetime.fromisoformat("2040-01-01"))
    .add_extension(access, critical=False)
    .sign(key, hashes.SHA256(), default_backend())
    .public_bytes(serialization.Encoding.PEM)
)


class Responder(tornado.web.RequestHandler):
    """Tells where a certificate's state is asked for."""

    def get(self) -> None:
        """Answer with the address."""
        certificate = x509.load_pem_x509_certificate(PEM, default_backend())
        found = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
        self.write({"ocsp": [item.access_location.value for item in found.value]})


if __name__ == "__main__":
    tornado.web.Application([("/responder", Responder)]).listen(int(sys.argv[1]), "127.0.0.1")
    tornado.ioloop.IOLoop.current().start()
