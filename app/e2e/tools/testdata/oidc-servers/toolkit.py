# An OpenID Connect server of Django and django-oauth-toolkit, as they come: a public
# client, refresh tokens that rotate, revocation. Debian: python3-django-oauth-toolkit.
# python3 toolkit.py PORT FOLDER; POST /forget ends every grant.
import subprocess
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings

port, folder = int(sys.argv[1]), sys.argv[2]
settings.configure(
    SECRET_KEY="for tests alone",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    LOGIN_URL="/login/",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder + "/toolkit.db"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
    MIDDLEWARE=[
        "django.middleware.common.CommonMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"],
            "loaders": [
                ("django.template.loaders.locmem.Loader", {"registration/login.html": "<form method='post'>{% csrf_token %}{{ form }}<input type='hidden' name='next' value='{{ next }}'></form>"}),
                "django.template.loaders.app_directories.Loader",
            ],
        },
    }],
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": subprocess.check_output(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], stderr=subprocess.DEVNULL, text=True),
        "PKCE_REQUIRED": True,
        "SCOPES": {"openid": "sign in", "profile": "profile", "email": "address", "offline_access": "stay signed in"},
        "ROTATE_REFRESH_TOKEN": True,
        "ALLOWED_REDIRECT_URI_SCHEMES": ["http", "https"],
    },
)
settings.TEMPLATES[0]["APP_DIRS"] = False
django.setup()

from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.models import AccessToken, Application, RefreshToken


@csrf_exempt
def forget(request):
    RefreshToken.objects.all().delete()
    AccessToken.objects.all().delete()
    return HttpResponse("done")


urlpatterns = [path("login/", LoginView.as_view()), path("forget", forget), path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]

call_command("migrate", verbosity=0)
User.objects.create_user("ada", "ada@example.org", "ada")
Application.objects.create(
    name="Authtray", client_id="authtray", client_type="public", authorization_grant_type="authorization-code",
    redirect_uris="http://127.0.0.1/callback", algorithm="RS256",
)


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


server = make_server("127.0.0.1", port, get_wsgi_application(), handler_class=Quiet)
print("listening", flush=True)
server.serve_forever()
