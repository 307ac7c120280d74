"""The calls to AWS, answered by moto: nothing here reaches AWS."""

import base64
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tsprof.capacity.aws import TAG, Launched, Order, launch
from tsprof.capacity.cloud_init import SetUp
from tsprof.capacity.prices import read_prices, types_of
from tsprof.capacity.sizing import Demand, fleet
from tsprof.errors import UsageError

REGION = "eu-central-1"
DEMAND = Demand(rate=30_000, hours=4, per_core=10_000, spare=0.3)


@pytest.fixture(autouse=True)
def _no_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # 3 s of them for each test
    with mock_aws():
        yield boto3.client("ec2", region_name=REGION)


@pytest.fixture
def image(ec2: Any) -> str:
    volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8)["VolumeId"]
    disk = {"SnapshotId": ec2.create_snapshot(VolumeId=volume)["SnapshotId"]}
    disks = [{"DeviceName": "/dev/sda1", "Ebs": disk}]
    registered: str = ec2.register_image(
        Name="ubuntu", RootDeviceName="/dev/sda1", BlockDeviceMappings=disks
    )["ImageId"]
    return registered


def start(order: Order, said: list[str] | None = None) -> Launched:
    (instance,) = types_of(read_prices(None), None, "c6i.xlarge")
    set_up = SetUp(fleet=fleet(instance, DEMAND), demand=DEMAND, package="tsprof==0.1.0")
    return launch(set_up, order, "tsprof-test", (said if said is not None else []).append)


def machines(ec2: Any) -> dict[str, dict[str, Any]]:
    reservations = ec2.describe_instances()["Reservations"]
    return {one["InstanceId"]: one for reply in reservations for one in reply["Instances"]}


def attribute(ec2: Any, instance: str, name: str) -> str:
    reply = ec2.describe_instance_attribute(InstanceId=instance, Attribute=name)
    value: str = reply[name[0].upper() + name[1:]]["Value"]
    return value


def user_data(ec2: Any, instance: str) -> str:
    return base64.b64decode(attribute(ec2, instance, "userData")).decode()


def own_groups(ec2: Any) -> list[dict[str, Any]]:
    groups = ec2.describe_security_groups()["SecurityGroups"]
    return [group for group in groups if group["GroupName"] == "tsprof-test"]


def test_the_run_is_started_and_workers_that_join_it(ec2: Any, image: str) -> None:
    ec2.create_key_pair(KeyName="me")
    said: list[str] = []
    launched = start(Order(region=REGION, image=image, key_name="me"), said)
    found = machines(ec2)
    assert set(found) == {launched.run, *launched.workers}
    assert len(launched.workers) == 3
    for machine in found.values():
        assert (machine["InstanceType"], machine["KeyName"]) == ("c6i.xlarge", "me")
        assert {"Key": TAG, "Value": "tsprof-test"} in machine["Tags"]
        assert [group["GroupId"] for group in machine["SecurityGroups"]] == [launched.group]
    assert found[launched.run]["PrivateIpAddress"] == launched.run_address
    assert "--expect-workers 6" in user_data(ec2, launched.run)
    for worker in launched.workers:
        assert f"--master-host {launched.run_address} " in user_data(ec2, worker)
    assert launched.run_address in said[-1]


def test_a_worker_ends_with_its_machine_and_the_run_stays(ec2: Any, image: str) -> None:
    launched = start(Order(region=REGION, image=image))
    kind = "instanceInitiatedShutdownBehavior"
    assert {attribute(ec2, worker, kind) for worker in launched.workers} == {"terminate"}
    assert attribute(ec2, launched.run, kind) == "stop"


@pytest.mark.parametrize("ssh_from", [None, "203.0.113.7/32"])
def test_nothing_leads_into_the_group_but_ssh_from_where_it_is_asked_for(
    ec2: Any, image: str, ssh_from: str | None
) -> None:
    launched = start(Order(region=REGION, image=image, ssh_from=ssh_from))
    (group,) = own_groups(ec2)
    rules = group["IpPermissions"]
    (inside,) = (rule for rule in rules if rule["UserIdGroupPairs"])
    outside = [rule for rule in rules if rule is not inside]
    assert [pair["GroupId"] for pair in inside["UserIdGroupPairs"]] == [launched.group]
    assert inside["IpRanges"] == []
    found = [(rule["FromPort"], rule["ToPort"], rule["IpRanges"][0]["CidrIp"]) for rule in outside]
    assert found == ([(22, 22, ssh_from)] if ssh_from else [])


def test_machines_and_their_group_are_in_the_subnet_that_is_named(ec2: Any, image: str) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    launched = start(Order(region=REGION, image=image, subnet=subnet))
    assert {machine["SubnetId"] for machine in machines(ec2).values()} == {subnet}
    assert own_groups(ec2)[0]["VpcId"] == vpc
    assert launched.run_address.startswith("10.9.1.")


def test_the_commands_that_end_it_name_everything(ec2: Any, image: str) -> None:
    launched = start(Order(region=REGION, image=image))
    for name in (*machines(ec2), launched.group, REGION):
        assert name in launched.end


@pytest.mark.parametrize(
    "wrong", [{"subnet": "subnet-12345678"}, {"ssh_from": "anywhere"}], ids=str
)
def test_what_aws_refuses_is_one_line_and_leaves_nothing(
    ec2: Any, image: str, wrong: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match=r"^AWS: An error occurred \(Invalid"):
        start(Order(region=REGION, image=image, **wrong))
    assert machines(ec2) == {}
    assert own_groups(ec2) == []


def test_when_the_workers_are_refused_the_run_is_ended_again(
    ec2: Any, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_instances = ec2.run_instances

    def only_one(**arguments: Any) -> Any:
        if arguments["MaxCount"] > 1:
            error = {"Code": "InsufficientInstanceCapacity", "Message": "no more of these"}
            raise ClientError({"Error": error}, "RunInstances")
        return run_instances(**arguments)

    monkeypatch.setattr(ec2, "run_instances", only_one)
    monkeypatch.setattr(boto3, "client", lambda *_, **__: ec2)
    said: list[str] = []
    with pytest.raises(UsageError, match="no more of these"):
        start(Order(region=REGION, image=image), said)
    assert [machine["State"]["Name"] for machine in machines(ec2).values()] == ["terminated"]
    assert own_groups(ec2) == []
    assert said[-1].startswith("ending i-")


def test_without_boto3_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(UsageError, match="needs boto3") as raised:
        start(Order(region=REGION))
    assert "tsprof[aws]" in raised.value.hint


def test_without_credentials_nothing_is_started() -> None:
    with pytest.raises(UsageError, match="AWS: Unable to locate credentials"):
        start(Order(region=REGION))
