"""Les fichiers que GitHub lit : les workflows lancent bien ce que le README fait taper."""

import re

import pytest

from scripts.set_repository import ROOT

yaml = pytest.importorskip("yaml")

GITHUB = ROOT / ".github"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def workflow(name: str) -> dict:
    return yaml.safe_load((GITHUB / "workflows" / name).read_text(encoding="utf-8"))


def commands(job: dict) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def test_the_two_commands_run_on_linux_and_macos():
    job = workflow("verifier.yml")["jobs"]["readme"]
    assert set(job["strategy"]["matrix"]["os"]) == {"ubuntu-latest", "macos-latest"}
    for command in re.findall(r"^make [a-z]+$", README, re.MULTILINE):
        assert command in commands(job)


def test_the_commands_of_windows_are_those_of_the_readme():
    job = workflow("verifier.yml")["jobs"]["windows"]
    lines = "".join(re.findall(r"```powershell\n(.*?)```", README, re.DOTALL)).splitlines()
    assert len(lines) >= 9
    # « py » choisirait le plus récent des Python de la machine, et non celui du tableau.
    wanted = [line.replace("py -m venv", "python -m venv") for line in lines]
    ran = commands(job)
    assert [line for line in wanted if line not in ran] == []


@pytest.mark.parametrize("job", ["readme", "windows"])
def test_the_oldest_and_the_newest_python(job):
    tried = workflow("verifier.yml")["jobs"][job]["strategy"]["matrix"]["python"]
    supported = re.findall(r"Python :: (3\.\d+)\"", PYPROJECT)
    assert tried == [supported[0], supported[-1]]
    assert f'requires-python = ">={supported[0]}"' in PYPROJECT


def test_the_night_uses_the_real_weights_and_the_network():
    night = workflow("nuit.yml")
    job = night["jobs"]["vgg16"]
    assert "GRADCAM_LAB_OFFLINE" not in (GITHUB / "workflows" / "nuit.yml").read_text("utf-8")
    assert "gradcam_lab preparer vgg16" in commands(job)
    cached = next(step for step in job["steps"] if step.get("uses", "").startswith("actions/cache"))
    for path in re.findall(r"'(gradcam_lab/.+?)'", cached["with"]["key"]):
        assert (ROOT / path).is_file()


@pytest.mark.parametrize("name", ["verifier.yml", "nuit.yml", "site.yml"])
def test_every_script_and_make_target_exists(name):
    jobs = workflow(name)["jobs"].values()
    text = "\n".join(map(commands, jobs)).replace("\\", "/")
    for script in re.findall(r"scripts/\w+\.\w+", text):
        assert (ROOT / script).is_file(), script
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z]+)", text):
        assert f"\n{target}: ##" in makefile


def test_only_the_site_workflow_may_publish_pages():
    site = workflow("site.yml")
    job = site["jobs"]["site"]
    assert site["permissions"] == {"contents": "read", "pages": "write", "id-token": "write"}
    assert "make site" in commands(job)
    uploaded = [step["with"]["path"] for step in job["steps"] if "path" in step.get("with", {})]
    assert uploaded == ["build/site"]
    for name in ("verifier.yml", "nuit.yml"):
        assert workflow(name)["permissions"] == {"contents": "read"}


def test_issue_forms_are_complete():
    forms = sorted((GITHUB / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
    assert [path.stem for path in forms] == ["defaut", "francais", "idee"]
    for path in forms:
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description"} <= set(form)
        ids = [field["id"] for field in form["body"]]
        assert len(set(ids)) == len(ids)
        assert any(field.get("validations", {}).get("required") for field in form["body"])


def test_pre_commit_hooks_run_what_make_test_runs():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = {hook["id"]: hook["entry"] for repo in config["repos"] for hook in repo["hooks"]}
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("ruff check", "ruff format --check"):
        assert command in makefile
        assert any(command in entry for entry in hooks.values())
    # Une sélection de tests qui n'en trouverait aucun ne vérifierait rien.
    tests = (ROOT / "tests" / "test_repository.py").read_text(encoding="utf-8")
    for word in re.search(r'-k "(.+?)"', hooks["repository"])[1].split(" or "):
        assert re.search(rf"^def test_\w*{word}", tests, re.MULTILINE), word
