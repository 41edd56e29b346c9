"""Debian's Chromium without a screen, driven over WebDriver."""

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request


class Browser:
    """A Chromium of its own; ends with the `with` block."""

    def __init__(self, width=1440, height=1000, dark=False):
        driver = shutil.which("chromedriver") or "/usr/bin/chromedriver"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.base = f"http://127.0.0.1:{port}"
        arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
                     f"--window-size={width},{height}"]
        if dark:
            arguments.append("--force-dark-mode")
        for _ in range(100):
            try:
                answer = self._send("POST", "/session", {"capabilities": {"alwaysMatch": {
                    "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
                    "goog:chromeOptions": {"binary": "/usr/bin/chromium", "args": arguments}}}})
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        else:
            raise RuntimeError("chromedriver doesn't answer")
        self.session = f"/session/{answer['sessionId']}"
        self.command("POST", "/timeouts", {"script": 60000})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.command("DELETE", "")
        except OSError:
            pass
        self.process.terminate()
        self.process.wait()

    def _send(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            self.base + path, data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()[:600]) from error

    def command(self, method, path, body=None):
        return self._send(method, self.session + path, body)

    def open(self, url):
        self.command("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """Runs a script; what it returns, or its promise's value."""
        return self.command("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def log(self):
        return [f"{line['level']}: {line['message']}" for line in self.command("POST", "/se/log", {"type": "browser"})]

    def await_true(self, script, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.run(script):
                return
            time.sleep(0.05)
        raise RuntimeError(f"never true: {script}")

    def screenshot(self, file, whole=False):
        if whole:
            height = self.run("return document.documentElement.scrollHeight")
            width = self.run("return innerWidth")
            self.command("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
                "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}})
            time.sleep(0.4)
        data = self.command("GET", "/screenshot")
        with open(file, "wb") as out:
            out.write(base64.b64decode(data))
        if whole:
            self.command("POST", "/goog/cdp/execute", {"cmd": "Emulation.clearDeviceMetricsOverride", "params": {}})

    def prefer(self, scheme):
        """`dark` or `light`, as the system would say."""
        self.command("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]}})

    def resize(self, width, height):
        self.command("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}})
