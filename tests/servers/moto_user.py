"""Makes the IAM user and the session of a fresh moto server, and prints their credentials.

Runs in the Python with boto3.
"""

import json
import sys

import boto3
from botocore.config import Config

EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
VARIABLE = "INDEXSWAP_TEST_MOTO_"


def client(service, url, key="none", secret="none"):
    config = Config(proxies={}, retries={"max_attempts": 0})
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="eu-west-2",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=config,
    )


def main(url):
    iam = client("iam", url)
    iam.create_user(UserName="syncd")
    iam.put_user_policy(UserName="syncd", PolicyName="everything", PolicyDocument=EVERYTHING)
    key = iam.create_access_key(UserName="syncd")["AccessKey"]
    role = iam.create_role(RoleName="session", AssumeRolePolicyDocument=EVERYTHING)["Role"]
    iam.put_role_policy(RoleName="session", PolicyName="everything", PolicyDocument=EVERYTHING)
    sts = client("sts", url, key["AccessKeyId"], key["SecretAccessKey"])
    session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
    print(
        json.dumps(
            {
                VARIABLE + "KEY": key["AccessKeyId"],
                VARIABLE + "SECRET": key["SecretAccessKey"],
                VARIABLE + "SESSION_KEY": session["AccessKeyId"],
                VARIABLE + "SESSION_SECRET": session["SecretAccessKey"],
                VARIABLE + "SESSION_TOKEN": session["SessionToken"],
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
