@echo off
rem Removes what install.cmd installed. What is yours stays: connections, settings,
rem and the grants in the Credential Manager. "authtray purge" before it takes those too.
rem With /q it does not wait for a key at its end.
setlocal
if not "%~2"=="" goto remove

rem A folder cannot be removed by a script that is read from it.
copy /y "%~f0" "%TEMP%\authtray-uninstall.cmd" >nul
if errorlevel 1 exit /b 1
"%TEMP%\authtray-uninstall.cmd" "%~1." "%~dp0"

:remove
set "folder=%~2"
cd /d "%TEMP%"
"%folder%authtray.exe" quit >nul 2>nul
"%folder%authtray.exe" autostart off
"%folder%authtray.exe" register --remove
for %%f in (authtray.exe authtray-agent.exe authtray-window.exe docker-credential-authtray.exe git-credential-authtray.exe uninstall.cmd README.md LICENCES.txt) do (
  if exist "%folder%%%f" del /q "%folder%%%f"
)
rd "%folder%" 2>nul
if exist "%folder%authtray.exe" goto failed
echo Authtray is removed. Your connections and settings stay in %APPDATA%\authtray and %LOCALAPPDATA%\authtray,
echo and your grants in the Credential Manager.
if not "%~1"=="/q." pause
del "%~f0" & exit /b 0

:failed
echo Some programs are still there, because they run: close them, and start this again.
if not "%~1"=="/q." pause
exit /b 1
