import gc
import inspect

import pytest
from azure.ai.ml import Input, command, load_component, load_job
from azure.ai.ml.dsl import pipeline
from azure.ai.ml.entities import Command, Environment, PipelineJob
from azure.ai.ml.sweep import Choice

from mnist_pipeline.errors import PlanError, SettingError
from mnist_pipeline.runner.plan import LocalData, OutputOf, Value
from mnist_pipeline.runner.read_plan import read_plan

from .projects import PROJECTS, count_component, join_component, shell_component, shout_component


def folder_input(path):
    return Input(type="uri_folder", path=str(path))


@pipeline(display_name="Say it", experiment_name="sayings")
def say(text: Input(type="uri_folder"), times: int = 3, title: Input(type="string", optional=True) = None):
    shout = shout_component(input_data=text, times=times, title=title)
    count = count_component(text=shout.outputs.output_data)
    join = join_component(first=shout.outputs.output_data, second=count.outputs.count)
    return {"words": count.outputs.count, "joined": join.outputs.joined}


def inputs_of_shout(**inputs):
    @pipeline()
    def one_node():
        node = shout_component(**inputs)  # noqa: F841 - the name is the node's

    return read_plan(one_node()).nodes["node"].inputs


@pytest.fixture(scope="module")
def said(text_folder):
    """The plan of `say`."""
    return read_plan(say(text=folder_input(text_folder)))


# Components


def test_nodes_of_decorated_yaml_and_command_components_become_one_plan(said):
    assert [node.name for node in said] == ["shout", "count", "join"]
    assert said.nodes["count"].inputs["text"] == OutputOf("shout", "output_data")
    assert said.nodes["join"].inputs == {
        "first": OutputOf("shout", "output_data"),
        "second": OutputOf("count", "count"),
    }
    assert said.nodes["count"].outputs == {"count": "uri_file"}
    assert said.outputs == {"words": OutputOf("count", "count"), "joined": OutputOf("join", "joined")}


def test_a_plan_carries_the_names_of_the_job(said):
    assert (said.name, said.experiment_name) == ("Say it", "sayings")


def test_each_node_has_the_command_line_that_azure_would_run(said):
    assert said.nodes["shout"].command == shout_component.component.command
    assert said.nodes["count"].command.startswith("python count.py --text ${{inputs.text}}")


def test_only_a_decorated_component_brings_its_function(said):
    assert said.nodes["shout"].function is inspect.unwrap(shout_component)
    assert said.nodes["count"].function is None
    assert said.nodes["join"].function is None


def test_a_snapshot_leaves_out_what_amlignore_names(said):
    snapshot = said.nodes["shout"].snapshot
    assert snapshot.folder == PROJECTS / "letters"
    assert {"shout.py", "greeting.txt"} <= snapshot.files.keys()
    assert "notes.txt" not in snapshot.files


def test_a_snapshot_holds_the_additional_includes_as_long_as_it_is_needed():
    component = load_component(PROJECTS / "included" / "step" / "step.yaml")

    @pipeline()
    def one_node():
        component()

    plan = read_plan(one_node())
    gc.collect()
    (node,) = plan
    assert node.snapshot.files.keys() >= {"step.py", "shared/greeting.py"}
    assert "hello" in node.snapshot.files["shared/greeting.py"].read_text()

    folder = node.snapshot.folder
    del node, plan
    gc.collect()
    assert not folder.exists()


def test_code_can_be_a_single_file():
    component = command(code=PROJECTS / "join" / "join.py", command="python join.py", environment="any:1").component

    @pipeline()
    def one_node():
        component()

    (node,) = read_plan(one_node())
    assert node.snapshot.files == {"join.py": PROJECTS / "join" / "join.py"}


def test_a_command_without_code_has_no_snapshot():
    @pipeline()
    def one_node():
        shell_component("echo")()

    (node,) = read_plan(one_node())
    assert node.snapshot is None


def test_environment_variables_of_component_and_node_are_kept(text_folder):
    with_variables = command(command="env", environment="any:1", environment_variables={"MOOD": "calm", "N": 3})

    @pipeline()
    def two_nodes():
        first = with_variables()  # noqa: F841 - the name is the node's
        second = shout_component(input_data=folder_input(text_folder))
        second.environment_variables = {"MOOD": "loud"}

    plan = read_plan(two_nodes())
    assert plan.nodes["first"].environment_variables == {"MOOD": "calm", "N": "3"}
    assert plan.nodes["second"].environment_variables == {"MOOD": "loud"}


@pytest.mark.parametrize(
    ("dependencies", "may_import_sdk"),
    [
        (["python=3.11", {"pip": ["mldesigner", "numpy"]}], False),
        (["python=3.11", {"pip": ["azure-ai-ml==1.35.2"]}], True),
        (["python=3.11", {"pip": ["azure_ai_ml"]}], True),
        (["python=3.11", "azure-ai-ml"], True),
    ],
)
def test_a_node_imports_the_sdk_only_if_its_conda_file_lists_it(dependencies, may_import_sdk):
    environment = Environment(image="image", conda_file={"dependencies": dependencies})

    @pipeline()
    def one_node():
        command(command="env", environment=environment)()

    (node,) = read_plan(one_node())
    assert node.imports_sdk == may_import_sdk


def test_a_node_whose_packages_are_not_known_here_may_import_the_sdk():
    @pipeline()
    def one_node():
        command(command="env", environment="any:1")()

    (node,) = read_plan(one_node())
    assert node.imports_sdk


# Inputs


def test_values_have_the_types_that_their_inputs_declare(text_folder):
    inputs = inputs_of_shout(input_data=folder_input(text_folder), times=4, pace=2, loud=True, ending="?", title="T")

    assert inputs == {
        "input_data": LocalData(text_folder),
        "times": Value(4),
        "pace": Value(2.0),
        "loud": Value(True),
        "ending": Value("?"),
        "title": Value("T"),
    }
    assert isinstance(inputs["loud"].value, bool)
    assert isinstance(inputs["pace"].value, float)


def test_defaults_fill_what_is_not_given_and_unset_optional_inputs_are_absent(text_folder):
    inputs = inputs_of_shout(input_data=folder_input(text_folder))

    assert inputs == {
        "input_data": LocalData(text_folder),
        "times": Value(2),
        "pace": Value(0.5),
        "loud": Value(False),
        "ending": Value("!"),
    }


def test_an_empty_text_is_a_value(text_folder):
    assert inputs_of_shout(input_data=folder_input(text_folder), ending="")["ending"] == Value("")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"times": "many"}, "times is 'many'; it must be a whole number."),
        ({"times": 2.5}, r"times is '?2\.5'?; it must be a whole number."),
        ({"pace": "slow"}, "pace is 'slow'; it must be a number."),
        ({"loud": "yes"}, "loud is 'yes'; it must be true or false."),
    ],
)
def test_a_value_of_another_type_than_declared_is_refused(text_folder, inputs, message):
    with pytest.raises(SettingError, match=f"^{message}$"):
        inputs_of_shout(input_data=folder_input(text_folder), **inputs)


def test_pipeline_inputs_and_their_defaults_reach_the_nodes(text_folder):
    default = read_plan(say(text=folder_input(text_folder))).nodes["shout"].inputs
    given = read_plan(say(text=folder_input(text_folder), times=7, title="T")).nodes["shout"].inputs

    assert (default["times"], "title" in default) == (Value(3), False)
    assert (given["times"], given["title"]) == (Value(7), Value("T"))


def test_a_file_is_data_too(text_folder):
    extra = Input(type="uri_file", path=str(text_folder / "text.txt"))

    assert inputs_of_shout(input_data=folder_input(text_folder), extra=extra)["extra"] == LocalData(
        text_folder / "text.txt"
    )


def test_a_relative_path_starts_where_the_program_runs(text_folder, monkeypatch):
    monkeypatch.chdir(text_folder.parent)

    assert inputs_of_shout(input_data=folder_input(text_folder.name))["input_data"] == LocalData(text_folder)


def test_a_file_uri_is_a_local_path(text_folder):
    uri = text_folder.as_uri()

    assert "%20" in uri
    assert inputs_of_shout(input_data=folder_input(uri))["input_data"] == LocalData(text_folder)


def test_a_job_from_yaml_finds_its_data_and_components_beside_the_file(tmp_path):
    (tmp_path / "job.yaml").write_text(f"""
type: pipeline
display_name: From YAML
experiment_name: yaml
inputs:
  text: {{type: uri_folder, path: .}}
  least: 4
outputs:
  words: {{type: uri_file}}
jobs:
  count:
    type: command
    component: {PROJECTS / "count" / "count.yaml"}
    inputs:
      text: ${{{{parent.inputs.text}}}}
      minimum: ${{{{parent.inputs.least}}}}
    outputs:
      count: ${{{{parent.outputs.words}}}}
    environment_variables: {{MOOD: calm}}
""")
    plan = read_plan(load_job(tmp_path / "job.yaml"))

    assert (plan.name, plan.experiment_name) == ("From YAML", "yaml")
    assert plan.nodes["count"].inputs == {
        "text": LocalData(tmp_path),
        "unit": Value("words"),
        "minimum": Value(4),
    }
    assert plan.nodes["count"].environment_variables == {"MOOD": "calm"}
    assert plan.outputs == {"words": OutputOf("count", "count")}


# Nested pipelines


@pipeline()
def inner(text: Input(type="uri_folder"), times: int = 2, title: Input(type="string", optional=True) = None):
    shout = shout_component(input_data=text, times=times, title=title)
    return {"said": shout.outputs.output_data}


@pipeline()
def middle(text: Input(type="uri_folder"), times: int = 5):
    once = inner(text=text, times=times)
    twice = inner(text=once.outputs.said)
    return {"once": once.outputs.said, "twice": twice.outputs.said}


@pipeline()
def outer(text: Input(type="uri_folder"), title: Input(type="string", optional=True) = None):
    nested = middle(text=text)
    count = count_component(text=nested.outputs.twice)
    beside = inner(text=nested.outputs.once, title=title)
    return {"words": count.outputs.count, "once": nested.outputs.once, "beside": beside.outputs.said}


@pytest.fixture(scope="module")
def nested(text_folder):
    """The plan of `outer`."""
    return read_plan(outer(text=folder_input(text_folder), title="T"))


def test_nodes_of_nested_pipelines_stand_side_by_side(nested):
    assert nested.nodes.keys() == {"nested.once.shout", "nested.twice.shout", "count", "beside.shout"}


def test_inputs_reach_through_all_levels(nested, text_folder):
    once = nested.nodes["nested.once.shout"].inputs
    assert once["input_data"] == LocalData(text_folder)
    assert once["times"] == Value(5)
    assert "title" not in once
    assert nested.nodes["nested.twice.shout"].inputs["times"] == Value(2)
    assert nested.nodes["beside.shout"].inputs["title"] == Value("T")


def test_an_optional_input_left_out_at_the_top_is_absent_at_the_bottom(text_folder):
    plan = read_plan(outer(text=folder_input(text_folder)))

    assert "title" not in plan.nodes["beside.shout"].inputs


def test_the_output_of_a_nested_pipeline_feeds_other_nodes(nested):
    assert nested.nodes["nested.twice.shout"].inputs["input_data"] == OutputOf("nested.once.shout", "output_data")
    assert nested.nodes["count"].inputs["text"] == OutputOf("nested.twice.shout", "output_data")
    assert nested.nodes["beside.shout"].inputs["input_data"] == OutputOf("nested.once.shout", "output_data")


def test_pipeline_outputs_are_those_of_nodes_at_any_depth(nested):
    assert nested.outputs == {
        "words": OutputOf("count", "count"),
        "once": OutputOf("nested.once.shout", "output_data"),
        "beside": OutputOf("beside.shout", "output_data"),
    }


NESTED = """
type: pipeline
inputs:
  text: {type: uri_folder}
outputs:
  said: {type: uri_folder}
jobs:
  second:
    type: command
    command: cp -r ${{inputs.text}} ${{outputs.said}}
    environment: azureml:any:1
    inputs:
      text: ${{parent.jobs.first.outputs.said}}
    outputs:
      said: ${{parent.outputs.said}}
  first:
    type: command
    command: cp -r ${{inputs.text}} ${{outputs.said}}
    environment: azureml:any:1
    inputs:
      text: ${{parent.inputs.text}}
    outputs:
      said: {type: uri_folder}
"""


@pytest.fixture
def read_backwards(tmp_path):
    """A function that reads a job in which readers stand before writers: one of the given output of `nested`."""

    def read_backwards(output):
        (tmp_path / "nested.yaml").write_text(NESTED)
        (tmp_path / "job.yaml").write_text(f"""
type: pipeline
inputs:
  text: {{type: uri_folder, path: .}}
jobs:
  count:
    type: command
    component: {PROJECTS / "count" / "count.yaml"}
    inputs:
      text: ${{{{parent.jobs.nested.outputs.{output}}}}}
  nested:
    type: pipeline
    component: nested.yaml
    inputs:
      text: ${{{{parent.inputs.text}}}}
""")
        return read_plan(load_job(tmp_path / "job.yaml"))

    return read_backwards


def test_a_node_may_stand_before_the_nested_pipeline_that_it_reads_from(read_backwards):
    plan = read_backwards("said")

    assert plan.nodes["count"].inputs["text"] == OutputOf("nested.second", "said")
    assert [node.name for node in plan] == ["nested.first", "nested.second", "count"]


def test_an_output_that_a_nested_pipeline_does_not_have_is_named(read_backwards):
    with pytest.raises(PlanError, match=r"input text of node count is bound to nested.cried, which does not exist"):
        read_backwards("cried")


# What cannot run here


def test_something_else_than_a_pipeline_job_is_refused():
    with pytest.raises(PlanError, match="Command is not a pipeline job; call a @pipeline function"):
        read_plan(command(command="echo", environment="any:1"))


@pytest.mark.parametrize(
    "path",
    [
        "azureml:mnist:1",
        "azureml:mnist@latest",
        "azureml://datastores/store/paths/mnist",
        "wasbs://container@account.blob.core.windows.net/mnist",
        "abfss://container@account.dfs.core.windows.net/mnist",
        "https://account.blob.core.windows.net/container/mnist",
    ],
)
def test_data_that_only_azure_can_read_are_refused(path):
    with pytest.raises(PlanError, match=r"input text is .*, which only Azure can read; give a file or folder"):
        read_plan(say(text=folder_input(path)))


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(PlanError, match=r"input text is .*/nowhere: no such file or folder"):
        read_plan(say(text=folder_input(tmp_path / "nowhere")))


def test_a_file_where_a_folder_is_declared_is_refused(text_folder):
    with pytest.raises(PlanError, match=r"text.txt, a file, and its type is uri_folder"):
        read_plan(say(text=folder_input(text_folder / "text.txt")))


def test_a_plain_text_where_data_are_expected_is_refused(text_folder):
    """Azure would be sent a literal, not data."""
    with pytest.raises(PlanError, match=r"where data is expected; give Input\(type='uri_folder', path="):
        read_plan(say(text=str(text_folder)))


def test_a_required_input_without_a_value_is_named():
    with pytest.raises(PlanError, match=r"Required input 'input_data'"):
        inputs_of_shout(times=2)


def test_a_required_pipeline_input_without_a_value_is_named():
    with pytest.raises(PlanError, match=r"Required input 'text'"):
        read_plan(say())


def test_a_sweep_node_is_refused(text_folder):
    @pipeline()
    def tuned():
        node = shout_component(input_data=folder_input(text_folder), times=Choice([1, 2]))
        search = node.sweep(primary_metric="words", goal="maximize", sampling_algorithm="random")
        search.set_limits(max_total_trials=2)

    with pytest.raises(PlanError, match="node search is a sweep job; this machine runs command nodes"):
        read_plan(tuned())


def test_a_component_known_only_by_its_name_is_refused():
    job = PipelineJob(jobs={"node": Command(component="azureml:prep_data:1", inputs={"n": 1})})

    with pytest.raises(PlanError, match=r"node node uses azureml:prep_data:1, a component that only its workspace has"):
        read_plan(job)


def test_code_that_only_azure_can_read_is_refused():
    component = command(code="git+https://example.com/code", command="python x.py", environment="any:1").component

    @pipeline()
    def one_node():
        component()

    with pytest.raises(PlanError, match="which only Azure can read; give a local folder"):
        read_plan(one_node())


def test_a_job_that_is_not_placed_on_a_compute_yet_can_run_here(text_folder):
    job = say(text=folder_input(text_folder))

    assert not job._validate().passed
    assert read_plan(job).nodes
