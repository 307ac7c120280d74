"""Start the machines of a plan on AWS. Needs the extra ``aws``; nothing else of tsprof does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from tsprof.capacity.cloud_init import SetUp, for_run, for_workers
from tsprof.errors import UsageError

IMAGE = (
    "resolve:ssm:/aws/service/canonical/ubuntu/server/24.04/stable/current/{}/hvm/ebs-gp3/ami-id"
)
"""Ubuntu 24.04, whose Python is 3.12, by architecture."""
ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
TAG = "tsprof-plan"


@dataclass(frozen=True, kw_only=True)
class Order:
    """Where machines are started, and who gets in."""

    region: str
    image: str | None = None
    """An AMI with cloud-init and Python 3.11 or later; None for Ubuntu's newest."""
    subnet: str | None = None
    """None for a default one of the region."""
    key_name: str | None = None
    """The SSH key pair."""
    ssh_from: str | None = None
    """Addresses, as in 203.0.113.7/32, that may reach port 22; None for nobody."""


@dataclass(frozen=True, kw_only=True)
class Launched:
    """What was started."""

    region: str
    group: str
    """The security group of all machines."""
    run: str
    """The instance of the run."""
    run_address: str
    """Its address within the network."""
    workers: tuple[str, ...]

    @property
    def end(self) -> str:
        """The commands that end all of it."""
        ids = " ".join((self.run, *self.workers))
        aws = f"aws ec2 --region {self.region}"
        return (
            f"{aws} terminate-instances --instance-ids {ids}\n"
            f"{aws} wait instance-terminated --instance-ids {ids}\n"
            f"{aws} delete-security-group --group-id {self.group}"
        )


def launch(set_up: SetUp, order: Order, name: str, tell: Callable[[str], None]) -> Launched:
    """Start the machine of the run, then the workers that are to join it.

    All are in one security group, within which all is open and into which nothing leads but SSH.
    A worker's machine ends itself, and with that its costs, when its time is over.

    Args:
        set_up: the plan; its ``run_address`` is replaced by that of the machine that is started.
        order: where.
        name: of the group, and of the tag that each machine has.
        tell: told what is done.

    Raises:
        UsageError: boto3 is missing, or AWS refuses; what had been started is ended again.
    """
    with _refusals():
        ec2 = _client(order.region)
        group = ec2.create_security_group(
            GroupName=name,
            Description="A run of tsprof and its workers",
            **_network(ec2, order.subnet),
        )["GroupId"]
        tell(f"security group {group}")
        started: list[str] = []
        try:
            _let_in(ec2, group, order.ssh_from)
            machine = _machine(set_up, order, group, name)
            (run,) = _start(ec2, machine, 1, for_run(set_up), started)
            address = run["PrivateIpAddress"]
            tell(f"machine of the run: {run['InstanceId']} at {address}")
            joining = for_workers(replace(set_up, run_address=address))
            machine["InstanceInitiatedShutdownBehavior"] = "terminate"
            workers = _start(ec2, machine, set_up.fleet.workers, joining, started)
        except BaseException:
            _end(ec2, started, group, tell)
            raise
    return Launched(
        region=order.region,
        group=group,
        run=run["InstanceId"],
        run_address=address,
        workers=tuple(worker["InstanceId"] for worker in workers),
    )


def _client(region: str) -> Any:
    try:
        import boto3  # noqa: PLC0415 - only here, and only where the user asks for it
    except ImportError as error:
        raise UsageError(
            "starting machines on AWS needs boto3", hint="pip install 'tsprof[aws]'"
        ) from error
    return boto3.client("ec2", region_name=region)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what AWS and its library refuse into one clear line."""
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        if not type(error).__module__.startswith(("botocore", "boto3")):
            raise
        raise UsageError(
            f"AWS: {error}", hint="boto3 finds credentials as the aws command does"
        ) from error


def _network(ec2: Any, subnet: str | None) -> dict[str, str]:
    if subnet is None:
        return {}
    (found,) = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]
    return {"VpcId": found["VpcId"]}


def _let_in(ec2: Any, group: str, ssh_from: str | None) -> None:
    """Open everything within the group, and SSH to whom the user names."""
    among = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    ssh = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": ssh_from, "Description": "ssh"}],
    }
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[among, ssh] if ssh_from else [among]
    )


def _machine(set_up: SetUp, order: Order, group: str, name: str) -> dict[str, Any]:
    """What all machines have in common."""
    instance = set_up.fleet.instance
    machine: dict[str, Any] = {
        "ImageId": order.image or IMAGE.format(ARCHITECTURES[instance.architecture]),
        "InstanceType": instance.name,
        "SecurityGroupIds": [group],
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        "TagSpecifications": [
            {
                "ResourceType": "instance",
                "Tags": [{"Key": TAG, "Value": name}, {"Key": "Name", "Value": name}],
            }
        ],
    }
    if order.subnet:
        machine["SubnetId"] = order.subnet
    if order.key_name:
        machine["KeyName"] = order.key_name
    return machine


def _start(
    ec2: Any, machine: dict[str, Any], count: int, user_data: str, started: list[str]
) -> list[dict[str, Any]]:
    """Start so many machines or none, and note down which."""
    reply = ec2.run_instances(**machine, MinCount=count, MaxCount=count, UserData=user_data)
    instances: list[dict[str, Any]] = reply["Instances"]
    started += [instance["InstanceId"] for instance in instances]
    return instances


def _end(ec2: Any, started: list[str], group: str, tell: Callable[[str], None]) -> None:
    """End what a launch that failed has started."""
    if started:
        tell(f"ending {', '.join(started)} again")
        ec2.terminate_instances(InstanceIds=started)
        waiter = ec2.get_waiter("instance_terminated")
        waiter.wait(InstanceIds=started, WaiterConfig={"Delay": 5, "MaxAttempts": 60})
    ec2.delete_security_group(GroupId=group)
