"""Badges with a word on them."""

import io

from flask import Flask, Response
from PIL import Image, ImageDraw, ImageFont

app = Flask(__name__)
font = ImageFont.load_default(12)


@app.get("/badges/<word>")
def badge(word: str) -> Response:
    """Answer with a picture of the word."""
    picture = Image.new("L", (64, 16), "white")
    ImageDraw.Draw(picture).text((2, 1), word, font=font)
    file = io.BytesIO()
    picture.save(file, "BMP")
    return Response(file.getvalue(), mimetype="image/bmp")
