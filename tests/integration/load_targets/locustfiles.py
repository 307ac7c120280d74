"""Locust files of many kinds, as their users would write them."""

TASK_BY_TASK = {
    "HttpUser": """
        from locust import HttpUser, task

        class MyUser(HttpUser):
            @task
            def index(self):
                self.client.get("/")
    """,
    "FastHttpUser": """
        from locust import FastHttpUser, task

        class MyUser(FastHttpUser):
            @task
            def index(self):
                self.client.get("/")
    """,
    "LeanHttpUser": """
        from locust import task
        from tsprof.load import LeanHttpUser

        class MyUser(LeanHttpUser):
            @task
            def index(self):
                self.client.get("/")
    """,
    "sequence with a login": """
        from locust import HttpUser, SequentialTaskSet, task

        class MyUser(HttpUser):
            def on_start(self):
                self.client.post("/login", json={"name": "me"})

            @task
            class Checkout(SequentialTaskSet):
                @task
                def one(self):
                    self.client.get("/1")

                @task
                def two(self):
                    self.client.get("/2", name="second")
                    self.client.get("/3")

                @task
                def done(self):
                    self.interrupt()
    """,
    "wait time": """
        from locust import FastHttpUser, between, task

        class MyUser(FastHttpUser):
            wait_time = between(0, 0.02)

            @task
            def index(self):
                self.client.get("/")
    """,
    "weights and two classes": """
        from locust import FastHttpUser, HttpUser, tag, task

        class Reader(HttpUser):
            weight = 3

            @tag("slow")
            @task(3)
            def read(self):
                self.client.get("/read")

            @task
            def list(self):
                self.client.get("/list")

        class Writer(FastHttpUser):
            fixed_count = 1

            @task
            def write(self):
                self.client.post("/write", data="x")
    """,
    "many tasks": """
        from locust import FastHttpUser, task

        class MyUser(FastHttpUser):
            tasks = [lambda user, n=n: user.client.get(f"/{n}") for n in range(9)]
    """,
    "catch_response": """
        from locust import FastHttpUser, task

        class MyUser(FastHttpUser):
            @task
            def index(self):
                with self.client.get("/fail", catch_response=True) as response:
                    if response.status_code == 500:
                        response.success()
    """,
    "rest": """
        from locust import HttpUser, task

        class MyUser(HttpUser):
            @task
            def index(self):
                with self.rest("GET", "/") as response:
                    assert response.status_code == 200
                    response.success()
    """,
    "requests at the same time": """
        import gevent
        from locust import FastHttpUser, task

        class MyUser(FastHttpUser):
            @task
            def page(self):
                gevent.joinall([
                    gevent.spawn(self.client.get, path) for path in ("/a", "/b", "/c")
                ])
    """,
    "a client of its own": """
        import http.client
        import urllib.parse
        from locust import User, task

        class MyUser(User):
            @task
            def index(self):
                with self.environment.events.request.measure("RAW", "/slow"):
                    netloc = urllib.parse.urlsplit(self.host).netloc
                    connection = http.client.HTTPConnection(netloc)
                    connection.request("GET", "/slow")
                    connection.getresponse().read()
                    connection.close()
    """,
    "Locust's session in a user of another kind": """
        from locust import User, task
        from locust.contrib.fasthttp import FastHttpSession

        class MyUser(User):
            def __init__(self, environment):
                super().__init__(environment)
                self.session = FastHttpSession(self.host, environment.events.request, self)

            @task
            def index(self):
                self.session.get("/1")
                self.session.get("/2")
    """,
}

HOOKS = """
    from helper_beside import PATH
    from locust import HttpUser, LoadTestShape, events, task

    def say(text):
        print("HOOK", text, flush=True)

    @events.init_command_line_parser.add_listener
    def add_option(parser):
        parser.add_argument("--prefix", default="/prefix")

    @events.init.add_listener
    def init(environment, runner, web_ui, **_):
        say(f"init {environment.parsed_options.prefix} {type(runner).__name__} {web_ui}")

    @events.test_start.add_listener
    def test_start(environment, **_):
        import lazy_beside
        import requests
        from locust.clients import HttpSession
        HttpSession(environment.host, environment.events.request, None).get("/prepare")
        say(f"test_start {lazy_beside.VALUE}")

    @events.test_stop.add_listener
    def test_stop(environment, **_):
        say(f"test_stop {environment.stats.total.num_requests} {environment.stats.num_failures}")

    @events.quitting.add_listener
    def quitting(environment, **_):
        say("quitting")

    class Stages(LoadTestShape):
        def tick(self):
            return (1000, 1000)

    class MyUser(HttpUser):
        host = "http://127.0.0.1:1"

        def on_start(self):
            say("on_start")

        def on_stop(self):
            self.client.get("/logout")
            say("on_stop")

        @task
        def index(self):
            self.client.get(PATH)
"""

BROKEN = {
    "syntax error": ("import locust\n\ndef broken(:\n    pass\n", [":3: SyntaxError", "broken(:"]),
    "missing module": (
        "import locust\nimport no_such_module_here\n",
        [":2: ModuleNotFoundError", "no_such_module_here"],
    ),
    "exception at import": (
        "import json\n\ndef load():\n    return json.loads('{')\n\nDATA = load()\n",
        [":4: json.decoder.JSONDecodeError", "at: return json.loads('{')"],
    ),
    "exception in a module beside it": (
        "import broken_beside\n",
        ["broken_beside.py:2: ZeroDivisionError", "at: VALUE = 1 / 0"],
    ),
    "no user class": ("from locust import HttpUser\n", ["defines no user"]),
    "empty": ("", ["defines no user"]),
    "abstract": (
        "from locust import HttpUser, task\n\nclass U(HttpUser):\n    abstract = True\n",
        ["defines no user"],
    ),
    "no tasks, lean": (
        "from tsprof.load import LeanHttpUser\n\nclass Idle(LeanHttpUser):\n    pass\n",
        ["no tasks in Idle"],
    ),
    "no tasks": (
        "from locust import HttpUser\n\nclass Idle(HttpUser):\n    pass\n",
        ["no tasks in Idle"],
    ),
    "weight of zero": (
        """
        from locust import HttpUser, task

        class MyUser(HttpUser):
            weight = 0

            @task
            def index(self): pass
        """,
        ["no users with weight"],
    ),
    "exit at import": ("import sys\nsys.exit(3)\n", [":2: SystemExit: 3"]),
    "hook that fails": (
        """
        from locust import HttpUser, events, task

        @events.init.add_listener
        def init(environment, **_):
            environment.nothing

        class MyUser(HttpUser):
            @task
            def index(self): pass
        """,
        ["events.init hook", "AttributeError", "nothing"],
    ),
    "option that must be given": (
        """
        from locust import HttpUser, events, task

        @events.init_command_line_parser.add_listener
        def add(parser):
            parser.add_argument("--token", required=True)

        class MyUser(HttpUser):
            @task
            def index(self): pass
        """,
        ["--token"],
    ),
    "not Python": ("\0\1\2", ["locustfile.py"]),
}
